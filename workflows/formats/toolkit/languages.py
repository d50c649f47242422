"""Languages that formats write in which offer the same five."""

from typing import Literal

Language = Literal["en", "he", "es", "fr", "de"]
LANGUAGES: dict[str, str] = {
    "en": "English",
    "he": "Hebrew",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
}
"""English names, for prompts."""
NATIVE_NAMES: dict[str, str] = {
    "en": "English",
    "he": "עברית",
    "es": "Español",
    "fr": "Français",
    "de": "Deutsch",
}
"""Names in the languages themselves, for forms."""
