"""Form of a discovery report, and how its text is shown."""

from workflows.formats.form import FieldGroup, FieldHint, Form, Presentation, TextDisplay
from workflows.formats.toolkit.languages import NATIVE_NAMES

PRESENTATION = Presentation(
    form=Form(
        heading="What could you found?",
        lede="Tell about yourself, your means and your field. The report weighs ideas against them.",
        submit="Write the report",
        groups=[
            FieldGroup(title="What you want", fields=["goal_type", "interest_area", "sub_interest_area"]),
            FieldGroup(
                title="What you have",
                fields=["time_commitment", "budget_range", "skill_strength", "experience_summary"],
            ),
            FieldGroup(title="How you work", fields=["work_style", "founder_psychology"]),
            FieldGroup(title="The report", fields=["language", "search"]),
        ],
        fields={
            "goal_type": FieldHint(
                label="What is it for?",
                help="",
                suggestions=["a side income", "a company that grows", "an impact"],
            ),
            "time_commitment": FieldHint(
                label="How much time is there?",
                help="",
                suggestions=["a few hours a week", "half the week", "full time"],
            ),
            "budget_range": FieldHint(
                label="What may be spent before it earns?",
                help="",
                suggestions=["under 1,000 euros", "1,000 to 10,000 euros", "more than 10,000 euros"],
            ),
            "interest_area": FieldHint(
                label="Field", help="", suggestions=["education", "energy", "food", "health"]
            ),
            "sub_interest_area": FieldHint(label="A corner of it", help="", placeholder="language learning"),
            "work_style": FieldHint(
                label="How do you like to work?",
                help="",
                suggestions=["alone", "with a co-founder", "with customers"],
            ),
            "skill_strength": FieldHint(label="What are you good at?", help="", widget="chips"),
            "experience_summary": FieldHint(label="What have you done so far?", help="", widget="long_text"),
            "founder_psychology": FieldHint(
                label="How do you deal with things?",
                widget="pairs",
                help="Such as risk, setbacks, people: one a line",
            ),
            "language": FieldHint(choices=NATIVE_NAMES, help=""),
            "search": FieldHint(
                label="Look the field up",
                widget="segments",
                choices={"auto": "Where the model can", "off": "Never"},
                help="",
            ),
        },
    ),
    reading=TextDisplay(markdown=True),
)
