"""People: who calls, what lets them in, what is theirs. Without HTTP."""
