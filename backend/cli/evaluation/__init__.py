"""`storywire evaluate`: a fixed set of tasks, written by a model, judged blind, compared."""
