"""Who speaks in a lesson, and what models call them."""

from workflows.formats.education_audio.input import Speakers
from workflows.formats.speech.script_filter import Cast

_DOCTOR = dict.fromkeys(
    (
        "dr",
        "doc",
        "physician",
        "clinician",
        "nurse",
        "expert",
        "narrator",
        "host",
        "speaker 1",
        "רופא",
        "רופאה",
    ),
    "DOCTOR",
)
_PATIENT = dict.fromkeys(("pt", "person", "listener", "speaker 2", "מטופל", "מטופלת", "חולה"), "PATIENT")
_FIRST = dict.fromkeys(
    ("patient", "patient a", "patient one", "first patient", "speaker 1", "speaker a", "מטופל 1"), "PATIENT 1"
)
_SECOND = dict.fromkeys(
    ("patient b", "patient two", "second patient", "speaker 2", "speaker b", "מטופל 2"), "PATIENT 2"
)
_NARRATOR = dict.fromkeys(
    ("speaker", "host", "doctor", "dr", "voice", "narration", "presenter", "קריין", "קריינית"), "NARRATOR"
)

CASTS: dict[Speakers, Cast] = {
    "doctor_patient": Cast(("DOCTOR", "PATIENT"), {**_DOCTOR, **_PATIENT}),
    "patients": Cast(("PATIENT 1", "PATIENT 2"), {**_FIRST, **_SECOND}),
    "single": Cast(("NARRATOR",), _NARRATOR),
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
