"""The gate with several sections, one after another and in parallel, in every mode: what was judged is what is
stored and shown, and no unsafe byte ever was."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.streaming.gate import Gate
from tests.unit.messages import content, retract
from tests.unit.sentences import HARMLESS, UNSAFE
from workflows.messages.messages import Message, SafetyChecked, Slot, TextAppended, TextRetracted, slot_of
from workflows.safety.policies.policy import GateMode, Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.state import Section, State
from workflows.verdicts import Verdict

CHILD = load_policy("child", 7)
# Made once: a policy keeps its compiled patterns.
POLICIES: dict[GateMode, Policy] = {
    "open": CHILD.model_copy(update={"gate": "open"}),
    "sentence": CHILD,
    "section": CHILD.model_copy(update={"gate": "section"}),
}
PIECE = "M1"
modes = st.sampled_from(["open", "sentence", "section"])
sections = st.lists(
    st.lists(st.sampled_from([*HARMLESS, *HARMLESS, *UNSAFE]), min_size=1, max_size=4), min_size=2, max_size=5
)


@dataclass
class Text:
    """One section, or the piece: what a model writes of it, and whether a judge lets it pass."""

    slot: Slot
    sentences: list[str]
    joint: str
    approved: bool = True
    chunks: list[Message] = field(default_factory=list)

    @property
    def whole(self) -> str:
        return self.joint.join(self.sentences)

    @property
    def safe(self) -> str:
        """What stands before the first unsafe sentence, counted by hand: the rules aren't asked."""
        for index, sentence in enumerate(self.sentences):
            if sentence in UNSAFE:
                return self.joint.join([*self.sentences[:index], ""])
        return self.whole

    @property
    def is_safe(self) -> bool:
        return not set(self.sentences) & set(UNSAFE)

    def written(self, random: Random) -> list[Message]:
        """Its messages in their order: chunks cut anywhere, then a verdict for the gate by section."""
        places = sorted(random.randint(0, len(self.whole)) for _ in range(random.choice([0, 1, 5, 40])))
        pieces = [self.whole[a:b] for a, b in pairwise([0, *places, len(self.whole)])]
        section, piece = (0, self.slot) if isinstance(self.slot, str) else (self.slot, None)
        chunks: list[Message] = [
            content(section, chunk, ends=index + 1 == len(pieces), piece=piece)
            for index, chunk in enumerate(pieces)
        ]
        about = {"piece": piece} if piece is not None else {"section": section}
        verdict = {"stage": "section", "approved": self.approved, "score": 1, "issues": [], **about}
        return [*chunks, SafetyChecked.model_validate(verdict)]


@dataclass
class Reader:
    """The reader's rule, and every byte that was ever told of each text."""

    texts: dict[Slot, str] = field(default_factory=lambda: defaultdict(str))
    ever: dict[Slot, list[str]] = field(default_factory=lambda: defaultdict(lambda: [""]))
    finished: set[Slot] = field(default_factory=set)

    def take(self, message: Message) -> None:
        match message:
            case TextAppended() as data:
                self.texts[slot_of(data)] += data.chunk
                self.ever[slot_of(data)][-1] += data.chunk
                if data.is_complete:
                    self.finished.add(slot_of(data))
            case TextRetracted() as data:
                self.texts.pop(slot_of(data), None)
                self.ever[slot_of(data)].append("")
                self.finished.discard(slot_of(data))
            case _:
                pass


def together(streams: list[list[Message]], random: Random, *, parallel: bool) -> Iterator[Message]:
    """Streams one after another, or mixed, each in its own order."""
    left = [list(reversed(stream)) for stream in streams]
    while left:
        chosen = random.choice(left) if parallel else left[0]
        yield chosen.pop()
        left = [stream for stream in left if stream]


def told_wholly(mode: GateMode, text: Text) -> bool:
    if mode == "open":
        return True
    return text.is_safe and (mode == "sentence" or text.approved)


@settings(max_examples=150, deadline=None)
@given(
    sections,
    modes,
    st.booleans(),
    st.sampled_from([" ", "\n", "\n\n"]),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.integers(0, 10**9),
)
@example([["The fox ran home.", "k\u200bill"], ["Then all went home."]], "sentence", True, " ", [True] * 6, 1)
def test_gate_of_many_sections_tells_each_what_it_may_and_what_stays_is_what_was_judged(
    written: list[list[str]],
    mode: GateMode,
    parallel: bool,
    joint: str,
    approvals: list[bool],
    seed: int,
) -> None:
    slots: list[Slot] = [*range(len(written) - 1), PIECE]  # the last one is a text beside the story
    texts = [
        Text(slot, list(sentences), joint, approved)
        for slot, sentences, approved in zip(slots, written, approvals, strict=False)
    ]
    for cuts in range(5):  # seven hundred runs in all
        random = Random(seed + cuts)
        gate, reader = Gate(POLICIES[mode], lambda: 0.0), Reader()
        streams = [text.written(random) for text in texts]
        for message in together(streams, random, parallel=parallel):
            for told in gate.take(message):
                reader.take(told)

        for text in texts:
            shown = reader.texts[text.slot]
            assert text.whole.startswith(shown)
            assert (text.slot in reader.finished) == told_wholly(mode, text)
            if told_wholly(mode, text):
                assert shown == text.whole
            elif mode == "section":
                assert shown == ""
            else:
                assert len(shown) <= len(text.safe)
        check_rewritten(gate, mode, texts, reader, random, parallel=parallel)


def check_rewritten(
    gate: Gate, mode: GateMode, texts: list[Text], reader: Reader, random: Random, *, parallel: bool
) -> None:
    """What wasn't fit is taken back and written again; then readers, state and verdicts have the same texts."""
    streams: list[list[Message]] = []
    final = {text.slot: text for text in texts}
    for text in texts:
        if text.is_safe and text.approved:
            continue
        again = final[text.slot] = Text(text.slot, random.sample(HARMLESS, 3), text.joint)
        section, piece = (0, text.slot) if isinstance(text.slot, str) else (text.slot, None)
        streams.append([retract(section, piece), *again.written(random)])
    for message in together(streams, random, parallel=parallel):
        for told in gate.take(message):
            reader.take(told)

    approval = Verdict(stage="section", approved=True, score=1, issues=[])
    state = State(judged={slot: approval for slot in final if isinstance(slot, int)})
    for slot, text in final.items():
        assert reader.texts[slot] == text.whole
        assert slot in reader.finished
        if isinstance(slot, int):
            assert gate.shown(state, Section(index=slot, text=text.whole)) == (text.whole, True)
        if mode != "open":
            assert not any(unsafe in told for told in reader.ever[slot] for unsafe in UNSAFE)
