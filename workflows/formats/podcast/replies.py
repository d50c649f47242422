"""Replies of a podcast's models, read while they stream: turns, the facts before them, pieces under their marks."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing

from workflows.errors import ModelBadOutput
from workflows.formats.pieces import PieceText, Remark
from workflows.formats.podcast.dialogue import Dialogue
from workflows.formats.podcast.facts import read_facts, remarks_on, requested_words
from workflows.formats.podcast.first_reply import FirstReply
from workflows.formats.podcast.input import PodcastInput
from workflows.formats.podcast.long_turns import TurnMender
from workflows.formats.podcast.marks import MarkedText
from workflows.formats.podcast.spoken import language_tag
from workflows.formats.speech.filter.stream import in_steps
from workflows.formats.speech.turns import parse_turns
from workflows.formats.speech.wording.addresses import list_addresses
from workflows.models.calls.search import Citation
from workflows.models.clients.catalog import Model
from workflows.state import Facts


class PieceDialogue:
    """The turns of one short form, none of them a lecture. Feed, then `close`."""

    def __init__(self, inputs: PodcastInput, titles: Sequence[str] = (), text: str = "") -> None:
        """`text`: what it goes on from."""
        hosts = [host.name for host in inputs.hosts]
        last = parse_turns(text, hosts)[-1:]
        self._dialogue = make_dialogue(inputs, titles, last[0].speaker if last else None)
        self._mender = TurnMender(hosts, language_tag(inputs.language), last[0] if last else None)

    def feed(self, chunk: str) -> str:
        """The turns that are whole after `chunk`."""
        return self._mender.feed(self._dialogue.feed(chunk))

    def close(self) -> str:
        """The rest."""
        return self._mender.feed(self._dialogue.close()) + self._mender.close()


async def read_pieces(
    reply: AsyncGenerator[str], dialogues: Mapping[str, PieceDialogue]
) -> AsyncGenerator[PieceText]:
    """The pieces of a reply with marks, each as turns; what stands under another mark comes as it is."""
    marked, name = MarkedText(), ""
    async with aclosing(_split(marked, reply)) as parts:
        async for part, text in parts:
            if part != name:
                if name in dialogues and (rest := dialogues[name].close()):
                    yield PieceText(name, rest)
                name = part
            if name in dialogues and (said := dialogues[name].feed(text)):
                yield PieceText(name, said)
            elif name and name not in dialogues:
                yield PieceText(name, text)  # whoever keeps the pieces says what is wrong with it
    if name in dialogues and (rest := dialogues[name].close()):
        yield PieceText(name, rest)


async def _split(marked: MarkedText, reply: AsyncGenerator[str]) -> AsyncGenerator[tuple[str, str]]:
    async with aclosing(reply) as stream:
        async for chunk in stream:
            async for piece in in_steps(chunk):
                for part in marked.feed(piece):
                    yield part
    for part in marked.close():
        yield part


async def read_turns(
    first: FirstReply, reply: AsyncGenerator[str | Citation], cited: list[Citation]
) -> AsyncGenerator[str]:
    """The turns of a first reply as they can be told, some empty; what its search cited is added to `cited`."""
    async with aclosing(reply) as stream:
        async for item in stream:
            if isinstance(item, Citation):
                cited.append(item)
                continue
            async for piece in in_steps(item):
                yield first.feed(piece)
    yield first.close()


def read_pack(
    first: FirstReply, model: Model, inputs: PodcastInput, searched: bool, cited: list[Citation]
) -> Iterator[Remark | Facts]:
    """The facts of a first reply, and what is to be said of them. Raises ModelBadOutput."""
    if not first.facts:
        raise ModelBadOutput(f"{model.spec} wrote no facts beside the first section.")
    requested, reference = requested_words(inputs.target_words), inputs.reference_text or ""
    facts = read_facts(first.facts, searched=searched, cited=cited, reference=reference, requested=requested)
    if not inputs.topic.rumors_allowed:  # what isn't to be told is shown to no later prompt either
        facts["canonical_pack"].pop("rumors", None)
    yield from map(Remark, remarks_on(facts, searched=searched, requested=requested))
    yield facts


def make_dialogue(inputs: PodcastInput, titles: Sequence[str] = (), after: str | None = None) -> Dialogue:
    """The filter that leaves turns of the hosts of a reply, which goes on after a turn of `after`."""
    hosts = [host.name for host in inputs.hosts]
    bios = [host.bio for host in inputs.hosts]
    given = list_addresses(inputs.topic.title, inputs.topic.description, inputs.tone, *bios)
    language = language_tag(inputs.language)
    return Dialogue(hosts, language, titles, joins_turns=True, after=after, addresses=given)
