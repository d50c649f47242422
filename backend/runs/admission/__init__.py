"""Admission of runs: checks before a run is stored, on input, options, models, budget and quota."""
