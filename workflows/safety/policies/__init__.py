"""Safety policies: the built-in ones, and those of an operator."""
