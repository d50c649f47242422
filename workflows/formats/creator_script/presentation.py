"""Form of a video script, and how its text is shown."""

from workflows.formats.form import FieldGroup, FieldHint, Form, Presentation, StoredChoice, TextDisplay
from workflows.formats.toolkit.languages import NATIVE_NAMES

_PERSONAS = "api/v1/personas"

PRESENTATION = Presentation(
    form=Form(
        heading="A script for a video",
        lede="Say what it is about and what it must say. You see the plan before anything is written.",
        submit="Write the script",
        check="api/v1/creator-scripts/check",
        groups=[
            FieldGroup(title="The video", fields=["topic", "duration_minutes", "style", "tone", "language"]),
            FieldGroup(title="What it has to say", fields=["key_points", "script_flow"]),
            FieldGroup(
                title="Who watches, who speaks",
                fields=["target_audience", "audience_persona_id", "script_persona_id"],
            ),
            FieldGroup(title="Template and pace", fields=["template", "words_per_minute"], folded=True),
        ],
        fields={
            "topic": FieldHint(
                label="What is it about?", help="", placeholder="Why leaves turn red in autumn"
            ),
            "duration_minutes": FieldHint(label="How long?", help="", unit="minutes"),
            "tone": FieldHint(
                label="How does it sound?",
                suggestions=["friendly", "curious", "calm", "funny", "dramatic"],
                help="",
            ),
            "style": FieldHint(label="What kind of video?", help=""),
            "language": FieldHint(choices=NATIVE_NAMES, help=""),
            "target_audience": FieldHint(label="Whom is it for?", help=""),
            "key_points": FieldHint(label="Key points"),
            "key_points[].text": FieldHint(label="Point", help=""),
            "key_points[].priority": FieldHint(
                label="Priority",
                widget="segments",
                help="",
                choices={"must": "Must", "should": "Should", "nice": "Nice"},
            ),
            "script_flow": FieldHint(label="How should it go?", help="In your own words", widget="long_text"),
            "template": FieldHint(
                widget="stored",
                help="By default the one of the kind of video",
                stored=StoredChoice(
                    path="api/v1/creator-scripts/templates",
                    items="templates",
                    value="name",
                    label="title",
                    description="description",
                ),
            ),
            "words_per_minute": FieldHint(
                label="Pace", help="By default the template’s, or the style’s", unit="words a minute"
            ),
            "audience_persona_id": FieldHint(
                label="A viewer",
                widget="stored",
                help="",
                stored=StoredChoice(
                    path=f"{_PERSONAS}?kind=audience",
                    items="personas",
                    description="persona.description",
                    inline="audience_persona",
                    create=_PERSONAS,
                ),
            ),
            "script_persona_id": FieldHint(
                label="A voice",
                widget="stored",
                help="",
                stored=StoredChoice(
                    path=f"{_PERSONAS}?kind=script",
                    items="personas",
                    description="persona.description",
                    inline="script_persona",
                    create=_PERSONAS,
                ),
            ),
            "audience_persona.description": FieldHint(widget="long_text"),
            "script_persona.description": FieldHint(widget="long_text"),
            "audience_persona.interests": FieldHint(widget="chips"),
            "audience_persona.wants": FieldHint(widget="chips"),
            "script_persona.phrases": FieldHint(widget="chips"),
            "script_persona.avoid": FieldHint(widget="chips"),
        },
    ),
    reading=TextDisplay(words_a_minute=150),
)
