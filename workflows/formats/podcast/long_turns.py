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


async def mend_turns(
    reply: AsyncGenerator[str | SectionNotes], hosts: Sequence[str], language: str
) -> AsyncGenerator[str | SectionNotes]:
    """A script in turns (`Name: text`, a blank line between two), turn by turn: mended as above."""
    held, waiting, is_first = "", list[Turn](), True
    async with aclosing(reply) as stream:
        async for item in stream:
            if not isinstance(item, str):
                yield item
                continue
            held += item
            *whole, held = held.split("\n\n")
            waiting = _join([*waiting, *parse_turns("\n\n".join(whole), hosts)])
            for turn in waiting[:-1]:
                yield _write(break_turn(turn, hosts, language), is_first=is_first)
                is_first = False
            waiting = waiting[-1:]
    for turn in _join([*waiting, *parse_turns(held, hosts)]):
        yield _write(break_turn(turn, hosts, language), is_first=is_first)
        is_first = False


def break_turn(turn: Turn, hosts: Sequence[str], language: str) -> list[Turn]:
    """The turn, or several of both hosts of which none is too long, its own speaker's first and last."""
    personal = frozenset([*_PERSONAL.get(language.partition("-")[0], "").split()])
    if count_words(turn.text) <= LONGEST_TURN or not personal:
        return [turn]
    names = {word for host in hosts for word in _words(host)}
    sentences = [one.strip() for one in split_sentences(turn.text, language) if one.strip()]
    lengths = [count_words(one) for one in sentences]
    whole, before = sum(lengths), 0
    places: list[tuple[int, int]] = []
    for place, length in enumerate(lengths[:-1]):
        said = set(_words(sentences[place]))
        if 0 < before <= LONGEST_TURN and length >= _FEWEST_WORDS and not said & (personal | names):
            # Of a turn that is cut once, both halves are alike; of a longer one, the first is as long as it may be.
            after = whole - before - length
            places.append((abs(before - after) if after <= LONGEST_TURN else whole - before, place))
        before += length
    if not places:
        return [turn]
    place = min(places)[1]
    other = next(host for host in hosts if host != turn.speaker)
    first, middle = Turn(turn.speaker, " ".join(sentences[:place])), Turn(other, sentences[place])
    rest = Turn(turn.speaker, " ".join(sentences[place + 1 :]))
    return [first, middle, *break_turn(rest, hosts, language)]


def _join(turns: Sequence[Turn]) -> list[Turn]:
    """The turns, neighbours of the same speaker as one."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].speaker == turn.speaker:
            turn = Turn(turn.speaker, f"{joined.pop().text} {turn.text}")
        joined.append(turn)
    return joined


def _write(turns: Sequence[Turn], *, is_first: bool) -> str:
    text = "\n\n".join(f"{turn.speaker}: {turn.text}" for turn in turns)
    return text if is_first else f"\n\n{text}"


def _words(text: str) -> Iterator[str]:
    return (word.casefold().replace("’", "'") for word in list_words(text))
