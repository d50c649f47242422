"""Detection of a stream that counts without end: "1 sheep. 2 sheep. 3 sheep." Pure.

Numbers are masked, in figures or in words, and the masked text is followed while it repeats itself. Bounded memory;
time in proportion to the text.
"""

import re

_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million first second"
    " third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth"
    " seventeenth eighteenth nineteenth twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"
    " hundredth thousandth"
)
_HEBREW = (
    "אפס אחת אחד שתיים שניים שתי שני שלוש שלושה ארבע ארבעה חמש חמישה שש שישה שבע שבעה שמונה תשע תשעה עשר עשרה עשרים"
    " שלושים ארבעים חמישים שישים שבעים שמונים תשעים מאה מאתיים מאות אלף אלפיים אלפים ראשון ראשונה שנייה שלישי שלישית"
    " רביעי רביעית חמישי חמישית שישי שישית שביעי שביעית שמיני שמינית תשיעי תשיעית עשירי עשירית"
)
_OTHERS = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf un deux trois quatre cinq sept huit neuf dix"
    " onze douze treize quatorze quinze seize vingt trente uno dos tres cuatro cinco seis siete ocho nueve diez once"
    " doce"
)
_NUMBERS = frozenset(f"{_ENGLISH} {_HEBREW} {_OTHERS}".split())
_AND = frozenset({"and", "ו"})
_ROMAN = re.compile(r"[IVXLCDM]{1,12}")
_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*+(?:st|nd|rd|th)?|[^\W\d_]+|[\W_]+")
_BLANKS = re.compile(" +")
_UNDECIDED = re.compile(r"[\w.,:]{1,60}\Z")
_MOST_IN_A_NUMBER = 5
_LONGEST_CYCLE = 600
_KEPT = 2 * _LONGEST_CYCLE + 100
_PROBE = 24
_BLOCK = 128
_LEAST = 1200
# A song counts down from a hundred, and a table or a list of numbers may be longer.
_REPEATS, _REPEATS_OF_LONG, _REPEATS_OF_ROWS = 110, 45, 400
_LONG = 150


class CountingDetector:
    """Detector of a stream whose sentences differ in their numbers only."""

    def __init__(self) -> None:
        self.cycle: str | None = None
        """What comes again, with `#` for a number, once it does."""
        self._raw = ""  # its last word may go on
        self._gap = ""  # between the words of one number, perhaps
        self._in_number = 0  # words of the number so far
        self._masked: list[str] = []
        self._size = 0
        self._tail = ""
        self._candidate = ""
        self._run = 0

    def feed(self, chunk: str) -> bool:
        """Whether the stream counts without end, including `chunk`."""
        if self.cycle is None:
            text = self._raw + chunk
            end = _UNDECIDED.search(text, max(0, len(text) - 60))
            cut = len(text) if end is None else end.start()
            self._raw = text[cut:]
            self._mask(text[:cut])
            if self._size >= _BLOCK:
                self._look()
        return self.cycle is not None

    def _mask(self, text: str) -> None:
        for token in _TOKEN.findall(text):
            if token[0].isdecimal() or _ROMAN.fullmatch(token):
                self._add_number(most=1)
            elif (word := token.casefold()) in _NUMBERS or word.removeprefix("ו") in _NUMBERS:
                self._add_number(most=_MOST_IN_A_NUMBER)
            elif self._in_number and (token in (" ", "-") or (self._gap == " " and word in _AND)):
                self._gap += token
            else:
                self._add(word if token[0].isalpha() else _BLANKS.sub(" ", token))

    def _add_number(self, most: int) -> None:
        if self._in_number and self._in_number < most:
            self._in_number += 1
            self._gap = ""
        else:
            self._add("#")
            self._in_number = 1

    def _add(self, text: str) -> None:
        self._masked += [self._gap, text] if self._gap else [text]
        self._size += len(self._gap) + len(text)
        self._gap, self._in_number = "", 0

    def _look(self) -> None:
        """Follows the cycle through what came since, or looks for one."""
        text = "".join(self._masked)
        self._masked, self._size = [], 0
        for start in range(0, len(text), _BLOCK):
            block = text[start : start + _BLOCK]
            self._follow(block)
            self._tail = (self._tail + block)[-_KEPT:]
            if not self._candidate:
                self._candidate = _find_cycle(self._tail)
                self._run = 2 * len(self._candidate)
            size = len(self._candidate)
            if size and self._run >= max(_LEAST, size * _needed(self._candidate)):
                self.cycle = self._candidate
                return

    def _follow(self, block: str) -> None:
        if not (size := len(self._candidate)):
            return
        expected = (self._candidate * (len(block) // size + 1))[: len(block)]
        if block != expected:
            self._candidate = ""
            return
        self._run += len(block)
        turn = len(block) % size
        self._candidate = self._candidate[turn:] + self._candidate[:turn]


def _find_cycle(text: str) -> str:
    """The cycle with a number in it that the text ends in twice; empty if there is none."""
    end = len(text)
    before = (
        text.rfind(text[end - _PROBE :], max(0, end - _PROBE - _LONGEST_CYCLE), end - 1)
        if end > _PROBE
        else -1
    )
    if before < 0:
        return ""
    lag = end - _PROBE - before
    cycle = text[end - lag :]
    return cycle if "#" in cycle and text[end - 2 * lag : end - lag] == cycle else ""


def _needed(cycle: str) -> int:
    """How often a cycle has to come."""
    if "|" in cycle or "\t" in cycle or not any(map(str.isalpha, cycle)):
        return _REPEATS_OF_ROWS
    return _REPEATS if len(cycle) < _LONG else _REPEATS_OF_LONG
