"""Form of an episode, and how its text is shown."""

from workflows.formats.form import FieldGroup, FieldHint, Form, Presentation, TextDisplay

PRESENTATION = Presentation(
    form=Form(
        heading="An episode for two voices",
        lede="Say what it is about and who talks. Ten sections come from one pack of facts, and short forms too.",
        submit="Write the episode",
        groups=[
            FieldGroup(title="The topic", fields=["topic", "reference_text"]),
            FieldGroup(title="The hosts", fields=["hosts", "tone"]),
            FieldGroup(
                title="The episode", fields=["target_words", "language", "pieces", "search", "outline"]
            ),
        ],
        fields={
            "topic": FieldHint(label=""),
            "topic.id": FieldHint(label="Short name", placeholder="night-trains"),
            "topic.title": FieldHint(label="Title", help="", placeholder="Why night trains are back"),
            "topic.description": FieldHint(label="What should it tell?", help="", widget="long_text"),
            "topic.freshness_hours": FieldHint(label="News of the last", help="", unit="hours"),
            "topic.region": FieldHint(label="Where the listeners are", help="", placeholder="Germany"),
            "topic.rumors_allowed": FieldHint(label="With a Rumor Watch", help="Rumours are told as rumours"),
            "reference_text": FieldHint(
                label="Material to work from", help="At most 60,000 characters", widget="long_text"
            ),
            "hosts": FieldHint(label="Hosts"),
            "hosts[].name": FieldHint(label="Name", help="Letters, digits and spaces"),
            "hosts[].bio": FieldHint(label="Who they are and how they talk", help="", widget="long_text"),
            "tone": FieldHint(
                label="How they talk",
                help="",
                suggestions=["informed and lively", "calm and thoughtful", "dry and funny"],
            ),
            "target_words": FieldHint(
                label="Length", unit="words", help="Of the ten sections together; 150 are a minute"
            ),
            "language": FieldHint(help="", suggestions=["English", "Hebrew", "German", "French", "Spanish"]),
            "pieces": FieldHint(label="Make the short forms too"),
            "search": FieldHint(
                label="Look the topic up",
                widget="segments",
                choices={"auto": "Where the model can", "off": "Never"},
                help="",
            ),
            "outline": FieldHint(
                label="Plan",
                widget="segments",
                choices={"fixed": "The usual one, for nothing", "model": "Made for the topic"},
                help="",
            ),
        },
    ),
    reading=TextDisplay(turns=True, words_a_minute=150),
)
