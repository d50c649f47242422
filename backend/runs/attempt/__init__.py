"""One attempt at executing a run: from its checkpoint, through the gate, into its log."""
