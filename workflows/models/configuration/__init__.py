"""Settings of models by subject; `settings.py` reads them all from the environment."""
