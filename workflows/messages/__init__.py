"""The messages of the wire protocol, and what follows from them: transcript, usage totals."""
