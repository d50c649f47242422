"""The settings of models by what they are about; `settings.py` reads them all from the environment."""
