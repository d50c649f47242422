"""Notices of a lesson: how it was compared with its document. Pure."""

from workflows.formats.education_audio.grounding import UNSAFE_KINDS, LessonGrounding
from workflows.formats.notices import Notice, NoticePassage

_DANGER = {
    "en": "Warning: this lesson is NOT safe to use as it is. It says things that its document doesn't bear out. Don't "
    "act on the sentences listed here; ask a doctor or a pharmacist.",
    "he": "אזהרה: אין להשתמש בשיעור הזה כמו שהוא. הוא אומר דברים שהמסמך שלו אינו אומר. אין לפעול לפי המשפטים שברשימה; "
    "יש לשאול רופא או רוקח.",
}
_WORDS_ONLY = {
    "en": "Only words and numbers of this lesson were compared with its document; nobody checked what it means.",
    "he": "רק מילים ומספרים של השיעור הושוו למסמך שלו; איש לא בדק את משמעותו.",
}
_PARTLY = {
    "en": "Some sentences of this lesson were compared with its document by words and numbers alone.",
    "he": "חלק ממשפטי השיעור הושוו למסמך שלו לפי מילים ומספרים בלבד.",
}


def lesson_notices(grounding: LessonGrounding, language: str) -> list[Notice]:
    """A warning that lists what is dangerous in the lesson, and a note where not all was judged by its meaning."""
    tongue = language if language in _DANGER else "en"
    notices = []
    if unsafe := [fault for fault in grounding.faults if fault.kind in UNSAFE_KINDS]:
        passages = [
            NoticePassage(section=fault.section, quote=fault.sentence, reason=fault.reason)
            for fault in unsafe
        ]
        notices.append(Notice(level="danger", text=_DANGER[tongue], passages=passages))
    if grounding.method != "judge":
        texts = _WORDS_ONLY if grounding.method == "words" else _PARTLY
        notices.append(Notice(level="note", text=texts[tongue], passages=[]))
    return notices
