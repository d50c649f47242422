"""What must hold before a run is stored: input, options, models, budget, quota."""
