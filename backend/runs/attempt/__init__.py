"""An attempt at a run: its execution from its checkpoint, through the gate, into its log."""
