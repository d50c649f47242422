"""Form of a lesson, and how its text is shown."""

from workflows.formats.form import FieldGroup, FieldHint, Form, Presentation, StoredChoice, TextDisplay
from workflows.formats.speech.exports.renderers import WORDS_PER_MINUTE

PRESENTATION = Presentation(
    form=Form(
        heading="A spoken lesson from a document",
        lede="Choose a document, or drop one here. The lesson says what it says, and shows where it doesn’t.",
        submit="Write the lesson",
        groups=[
            FieldGroup(title="The document", fields=["knowledge_id"]),
            FieldGroup(
                title="The lesson",
                fields=["content_type", "speakers", "target_minutes", "language", "custom_prompt"],
            ),
        ],
        fields={
            "knowledge_id": FieldHint(
                label="Document",
                widget="document",
                help="",
                stored=StoredChoice(
                    path="api/v1/documents?limit=100",
                    items="documents",
                    label="title",
                    inline="document",
                    create="api/v1/documents",
                ),
            ),
            "document.title": FieldHint(help=""),
            "document.text": FieldHint(widget="long_text", help="Markdown or plain"),
            "content_type": FieldHint(
                label="What kind of lesson?",
                help="",
                choices={
                    "faq": "Questions and answers",
                    "lifestyle": "Living with it",
                    "medication": "A medicine",
                    "pre_surgery": "Before an operation",
                    "post_surgery": "After an operation",
                    "general": "Anything else",
                },
            ),
            "speakers": FieldHint(
                label="Who speaks?",
                widget="segments",
                help="",
                choices={
                    "doctor_patient": "Doctor and patient",
                    "patients": "Two patients",
                    "single": "One narrator",
                },
            ),
            "target_minutes": FieldHint(label="How long?", widget="slider", unit="minutes", help=""),
            "custom_prompt": FieldHint(
                label="What else to mind",
                help="",
                widget="long_text",
                placeholder="The listeners are new to it and worried.",
            ),
            "language": FieldHint(
                widget="segments", choices={"en": "English", "he": "עברית"}, help="By default the document’s"
            ),
        },
    ),
    reading=TextDisplay(turns=True, words_a_minute=WORDS_PER_MINUTE),
)
