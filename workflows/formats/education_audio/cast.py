"""Speakers of a lesson, and the names that models give them."""

from workflows.formats.education_audio.input import Speakers
from workflows.formats.speech.filter.turn_writer import ScriptStyle
from workflows.formats.speech.speakers.cast import Cast

STYLE = ScriptStyle(keeps_tags=True, spells_out=True, alternates=False)

_DOCTOR = dict.fromkeys(
    ("lead", "expert", "narrator", "professional", "answers"),
    "DOCTOR",
)
_PATIENT = dict.fromkeys(("patient", "partner", "person", "asks"), "PATIENT")
_FIRST = dict.fromkeys(
    ("patient", "lead", "expert", "narrator", "professional", "answers"), "PATIENT 1"
)  # fmt: skip
_SECOND = dict.fromkeys(("partner", "asks"), "PATIENT 2")
_EVERY_ROLE = (
    "lead", "partner", "expert", "narrator", "professional", "patient", "person", "asks", "answers"
)  # fmt: skip

CASTS: dict[Speakers, Cast] = {
    "doctor_patient": Cast(
        ("DOCTOR", "PATIENT"),
        {"d": "DOCTOR", "p": "PATIENT", "listener": "PATIENT"},
        {**_DOCTOR, **_PATIENT},
    ),
    "patients": Cast(("PATIENT 1", "PATIENT 2"), {"b": "PATIENT 2"}, {**_FIRST, **_SECOND}),
    "single": Cast(("NARRATOR",), roles=dict.fromkeys(_EVERY_ROLE, "NARRATOR")),
}
ROLES: dict[Speakers, str] = {
    "doctor_patient": (
        "DOCTOR, who explains, and PATIENT, who asks what a listener would ask, doubts, and says back what was "
        "understood. Turns are short: rarely more than three sentences"
    ),
    "patients": (
        "PATIENT 1, who has been through it and passes on what the document says, and PATIENT 2, who is new to it and "
        "asks. They talk as equals; neither makes up a story of an illness of their own. Turns are short"
    ),
    "single": "NARRATOR alone, who speaks to the listener as `you`, a few sentences a turn, each turn one thought",
}
