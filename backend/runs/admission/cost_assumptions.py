"""Assumptions of cost estimates, where nothing was measured."""

TOKENS_PER_WORD = 1.4
PROMPT_TOKENS = 700
"""Of a section's prompt, beside the text before it."""
MEASURED_MARGINS, ASSUMED_MARGINS = (0.8, 1.3), (0.5, 2.5)
"""Factors of an estimate's low and high end, by what it is based on."""
