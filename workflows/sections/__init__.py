"""The writing of one section: context, calls, lengths, checks; called by the nodes."""
