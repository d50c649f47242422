"""The messages of the wire protocol, and what is computed from them: transcript, usage totals."""
