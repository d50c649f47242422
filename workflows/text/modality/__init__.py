"""Modality of clauses: what they ask for, allow, forbid, or exempt from. English, Hebrew. Pure."""
