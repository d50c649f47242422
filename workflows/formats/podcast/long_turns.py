"""Turns that are too long for a conversation, broken up; neighbours of one speaker, joined. Pure.

No word is added, left out or moved. Of a turn that is a lecture, one sentence in its middle is said by the other host,
as two people tell a thing together; so both keep taking turns. Where no sentence can change its speaker (each says
“I”, “you” or a host's name, or the language has that in its verbs), the turn stays as it is, and the review says so.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from workflows.formats.pieces import SectionNotes
from workflows.formats.speech.turns import Turn, parse_turns
from workflows.formats.toolkit.measured_review import LONGEST_TURN
from workflows.text.sentences import split_sentences
from workflows.text.words import count_words, list_words

# Languages that say who speaks and who is spoken to in words of their own.
_PERSONAL = {
    "en": "i i'm i've i'd i'll me my mine myself you you're you've you'd you'll your yours yourself",
    "de": "ich mich mir mein meine meinen meinem meiner du dich dir dein deine deinen sie ihnen ihr ihre",
    "fr": "je j'ai j'y j'en me m'a moi mon ma mes tu te toi ton ta tes vous votre vos",
    "nl": "ik mij me mijn jij je jou jouw u uw",
    "da": "jeg mig min mit mine du dig din dit dine",
}
_FEWEST_WORDS = 3
_BREAK = "\n\n"


class TurnMender:
    """Mender of a script that streams in turns (`Name: text`, a blank line between two). Feed, then `close`."""

    def __init__(self, hosts: Sequence[str], language: str, after: Turn | None = None) -> None:
        """`after`: the turn before, which words without a name go on with."""
        self._hosts, self._language = hosts, language
        self._after = after
        self._held: list[str] = []
        self._tail = ""  # the last letter of what is held
        self._waiting: list[Turn] = []
        self._is_first = True

    def feed(self, chunk: str) -> str:
        """The turns that are whole after `chunk`, mended."""
        self._held.append(chunk)
        if _BREAK not in self._tail + chunk:
            self._tail = chunk[-1:] or self._tail
            return ""
        text, _, rest = "".join(self._held).rpartition(_BREAK)
        self._held, self._tail = [rest], rest[-1:]
        self._take(text)
        turns, self._waiting = self._waiting[:-1], self._waiting[-1:]
        return "".join(map(self._write, turns))

    def close(self) -> str:
        """The rest."""
        self._take("".join(self._held))
        turns, self._waiting, self._held = self._waiting, [], []
        return "".join(map(self._write, turns))

    def _take(self, text: str) -> None:
        turns = parse_turns(text, self._hosts)
        if turns and self._is_first and not self._waiting and self._after:
            if any(text.lstrip().startswith(f"{host}:") for host in self._hosts):
                self._after = None
            else:  # words without a name are read as the first host's
                turns[0] = Turn(self._after.speaker, turns[0].text)
        self._waiting = _join([*self._waiting, *turns])

    def _write(self, turn: Turn) -> str:
        goes_on, self._after = self._after, None
        before = count_words(goes_on.text) if goes_on else 0
        first, *more = break_turn(turn, self._hosts, self._language, before)
        parts = [first.text if goes_on else _labelled(first), *map(_labelled, more)]
        is_first, self._is_first = self._is_first, False
        text = "\n\n".join(filter(None, parts))
        return text if is_first else f"\n\n{text}"


async def mend_turns(
    reply: AsyncGenerator[str | SectionNotes], hosts: Sequence[str], language: str, text: str = ""
) -> AsyncGenerator[str | SectionNotes]:
    """A script that goes on from `text`, turn by turn: mended as above."""
    last = parse_turns(text, hosts)[-1:]
    mender = TurnMender(hosts, language, last[0] if last else None)
    async with aclosing(reply) as stream:
        async for item in stream:
            if not isinstance(item, str):
                yield item
            elif said := mender.feed(item):
                yield said
    if said := mender.close():
        yield said


def break_turn(turn: Turn, hosts: Sequence[str], language: str, words_before: int = 0) -> list[Turn]:
    """The turn, or several of both hosts of which none is too long, its own speaker's first and last. `words_before`:
    of the same speaker's turn that it goes on with; then the first may be empty."""
    personal = frozenset([*_PERSONAL.get(language.partition("-")[0], "").split()])
    if words_before + count_words(turn.text) <= LONGEST_TURN or not personal:
        return [turn]
    own = personal.union(*map(_words, hosts))
    sentences = [one.strip() for one in split_sentences(turn.text, language) if one.strip()]
    lengths = [count_words(one) for one in sentences]
    can_change = [
        length >= _FEWEST_WORDS and own.isdisjoint(_words(one))
        for one, length in zip(sentences, lengths, strict=True)
    ]
    other = next(host for host in hosts if host != turn.speaker)
    parts, start, before, left = list[Turn](), 0, words_before, sum(lengths)
    while before + left > LONGEST_TURN:
        place = _find_middle(lengths, can_change, start, before, left)
        if place is None:
            break
        parts += [Turn(turn.speaker, " ".join(sentences[start:place])), Turn(other, sentences[place])]
        left -= sum(lengths[start : place + 1])
        start, before = place + 1, 0
    return [*parts, Turn(turn.speaker, " ".join(sentences[start:]))] if parts else [turn]


def _find_middle(
    lengths: Sequence[int], can_change: Sequence[bool], start: int, before: int, left: int
) -> int | None:
    """The sentence from `start` on that the other host says, `before` words after the speaker began, `left` to come."""
    places: list[tuple[int, int]] = []
    for place in range(start, len(lengths) - 1):
        if before > LONGEST_TURN:
            break
        left -= lengths[place]
        if before > 0 and can_change[place]:
            # Of a turn that is cut once, both halves are alike; of a longer one, the first is as long as it may be.
            places.append((abs(before - left) if left <= LONGEST_TURN else left + lengths[place], place))
        before += lengths[place]
    return min(places)[1] if places else None


def _join(turns: Sequence[Turn]) -> list[Turn]:
    """The turns, neighbours of the same speaker as one."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].speaker == turn.speaker:
            turn = Turn(turn.speaker, f"{joined.pop().text} {turn.text}")
        joined.append(turn)
    return joined


def _labelled(turn: Turn) -> str:
    return f"{turn.speaker}: {turn.text}"


def _words(text: str) -> Iterator[str]:
    return (word.casefold().replace("’", "'") for word in list_words(text))
