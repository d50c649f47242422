"""Documents from outside: told apart, read within limits, looked over, and kept."""
