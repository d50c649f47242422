"""Execution of runs: engine, liveness of processes, recovery and cancellation."""
