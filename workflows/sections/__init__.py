"""Writing of a section: context, calls, lengths, checks; used by the nodes."""
