"""Marks of models and chat templates around thoughts, turns and answers: data, and their recognition.

Sources are the reasoning parsers of vLLM and SGLang and the chat templates of the models that they name.
"""

import re
from functools import lru_cache
from typing import Literal

from workflows.models.replies.control_tokens import is_begun, read_control

MarkKind = Literal[
    "open",  # thoughts begin
    "leading",  # thoughts begin, if nothing was said before
    "heading",  # the same in brackets, which may be a heading too: only where they end
    "close",  # thoughts end
    "close_leading",  # ends what `leading` began
    "channel",  # a header follows: `analysis`, `commentary` or `final`, up to `<|message|>`
    "message",
    "wrap",  # the answer begins, in DeepSeek's and Hunyuan's words
    "unwrap",
    "empty",  # `<think/>`
    "answer",  # the answer begins, whatever came before
    "fence",  # a code fence of thoughts, at the start of a line
    "leading_fence",  # the same, if nothing was said before
    "details",  # a block that unfolds; its summary says what it holds
    "close_details",
    "end",  # the template's end of a turn, or of the text
    "token",  # another token of a template: as an end where text is, but it ends no thought
    "turn",  # a turn begins, and the name of who speaks follows
    "speaker",  # a turn of somebody begins
    "begin",  # the text or the turn's words begin
]

_THOUGHTS = (
    "think|thinking|thought|thoughts|reasoning|seed:think|antml:thinking|longcat_think|mm:think|inner_thought|inner_thoughts|"
    "inner_monologue|internal_monologue|chain_of_thought|thought_process|thinking_process|reasoning_content|"
    "ant_thinking|antthinking"
)
# In use for thoughts too, and words that a text may well put into tags: only where a reply begins with them.
_LEADING = (
    "analysis|reflection|scratchpad|planning|reason|deliberation|brainstorm|plan|cot|rationale|monologue|internal|"
    "internal_thoughts|reflect|self_reflection|thinking_mode|reasoning_engine"
)
_WRAPS = (
    "answer|response|output|final|final_answer|solution|assistant|completion|reply|result|text|content|story|chapter|"
    "essay|lesson|podcast"
)
_TAG = re.compile(
    rf"<[ \t]?(?P<slash>/?)[ \t]?(?:(?P<thoughts>{_THOUGHTS})|(?P<leading>{_LEADING})|(?P<wrap>{_WRAPS}))"
    r"(?:[ \t][^<>\n]{0,80})?(?P<empty>/?)[ \t]?>",
    re.IGNORECASE,
)
_TAG_NAMES = (*f"{_THOUGHTS}|{_LEADING}|{_WRAPS}".split("|"), "details")
_DETAILS = re.compile(r"<[ \t]?(?P<slash>/?)[ \t]?details(?:[ \t][^<>\n]{0,100})?>", re.IGNORECASE)
_FENCE = re.compile(
    rf"(?:`{{3,8}}|~{{3,8}})[ \t]?(?:(?P<thoughts>{_THOUGHTS})|(?P<leading>{_LEADING}))(?=\s)", re.IGNORECASE
)
_BEGUN_FENCE = re.compile(r"(?:`{1,8}|~{1,8}|(?:`{3,8}|~{3,8})[ \t]?(?P<name>[a-z_:]{0,24}))")
_FENCE_NAMES = tuple(f"{_THOUGHTS}|{_LEADING}".split("|"))

_MARKS: dict[MarkKind, str] = {
    "open": (
        "[think] ◁think▷ <|begin_of_thought|> <|start_thinking|> <|think|> <|thinking|> <|thought|> "
        "<|thoughts|> <|reasoning|> <|analysis|> <unused94>"
    ),
    "close": (
        "[/think] ◁/think▷ <|end_of_thought|> <|end_thinking|> <|/think|> <|/thinking|> <|/thought|> "
        "<|/thoughts|> <|/reasoning|> <|/analysis|> <channel|> <unused95>"
    ),
    "answer": "<|answer|> <|final|> <|final_answer|> <|response|>",
    "end": (
        "<|/answer|> <|/final|> <|/final_answer|> <|/response|> <|im_end|> <|eot_id|> <|eom_id|> <|eot|> "
        "<|end|> <|return|> <|call|> <|endoftext|> <|end_of_text|> <|end_of_turn|> <|end_of_turn_token|> "
        "<|endofturn|> <|end_of_sentence|> <|role_end|> <|eos|> <|im_stop|> </s> <eos> <pad> <|pad|> "
        "<end_of_turn> <end_of_utterance> <turn|> [eos] [eot] [end] [done] [|endofturn|] <end> <eot> <eod> <unk> "
        "<end_of_text> [/inst] <｜end▁of▁sentence｜> <|end▁of▁sentence|>"
    ),
    "channel": "<|channel> <|channel|>",
    "message": "<|message|>",
    "wrap": "<|begin_of_solution|> <|start_response|> <|start_text|> <|begin_of_box|>",
    "unwrap": "<|end_of_solution|> <|end_response|> <|end_text|> <|end_of_box|>",
    "turn": (
        "<|im_start|> <|start|> <|start_header_id|> <|header_start|> <|role_start|> <|start_of_role|> "
        "<start_of_turn> <|turn>"
    ),
    "speaker": (
        "<|user|> <|assistant|> <|system|> <|user_token|> <|chatbot_token|> <|system_token|> <｜user｜> "
        "<｜assistant｜> [|assistant|] [|user|] [|system|] [inst]"
    ),
    "begin": (
        "<s> <bos> <|begin_of_text|> <|startoftext|> <|start_of_turn_token|> <|end_header_id|> "
        "<|header_end|> <|end_of_role|> <|im_sep|> <｜begin▁of▁sentence｜>"
    ),
}
_LITERALS: dict[str, MarkKind] = {mark: kind for kind, marks in _MARKS.items() for mark in marks.split()}
_LITERALS["[end of text]"] = "end"
_LITERAL = re.compile("|".join(re.escape(mark) for mark in sorted(_LITERALS, key=len, reverse=True)), re.I)
_IN_BRACKETS = {
    *("[THINK]", "[/THINK]", "[INST]", "[/INST]", "[EOS]", "[EOT]", "[END]", "[DONE]", "[end of text]"),
    *("[|endofturn|]", "[|assistant|]", "[|user|]", "[|system|]"),
}
"""In this very spelling: `[think]` may be a direction to a speaker."""
_THOUGHTS_IN_BRACKETS = re.compile(
    r"\[(?P<slash>/?)(?:THINKING|THOUGHTS?|REASONING|ANALYSIS|Thinking|Thoughts?|Reasoning|Analysis)\]"
)
_ANSWER_IN_BRACKETS = (
    r"\n\[/?(?:final[ _])?(?:answer|response|output|reply|result|text|story|script|lesson|report)\]"
)
_BRACKETED = tuple(
    f"[{slash}{word}]"
    for slash in ("", "/")
    for word in ("thinking", "thought", "thoughts", "reasoning", "analysis")
)
_NAME = re.compile(r"[A-Za-z_]+")
OPENERS = "<[◁`~"
"""The characters that a mark begins with."""
_OPENER = re.compile(
    r"<(?=[|｜/ a-z])|\[(?=[A-Z/|e])|◁(?=[t/])|(?<!`)`{3,8}(?=[ \ta-z])|(?<!~)~{3,8}(?=[ \ta-z])",
    re.IGNORECASE,
)
LONGEST = 128
"""Characters of the longest mark; an opener that isn't closed within them begins none."""

# Marks that are words, where a reply begins with them: how they begin, and what ends them.
# IBM's Granite writes sentences; gpt-oss is left with the names of its channels where a server drops its marks.
_GRANITE_END = re.compile(r"here(?: i|')s my response:", re.IGNORECASE)
_ANSWER_END = re.compile(r"\n(?:assistant\n?)?(?:answer|final|response):?\n", re.IGNORECASE)
_HEADED_END = re.compile(
    r"\n[#*_ ]{0,6}(?:final )?(?:answer|response|output)[*_]{0,3}(?::[*_]{0,3}\s|(?<=[*_])\n)"
    r"|\n#{1,6} (?:final )?(?:answer|response|output)\n",
    re.IGNORECASE,
)
_DONE_END = re.compile(r"\n(?:\.\.\.|…)done thinking\.", re.IGNORECASE)  # Ollama's command line
SPOKEN: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("here is my thought process:", _GRANITE_END),
    ("here's my thought process:", _GRANITE_END),
    ("analysis", re.compile("assistantfinal")),
    ("thinking...\n", _DONE_END),
    *(
        (f"{mark}{words}:{mark}", _HEADED_END)
        for mark in ("", "**")
        for words in ("thought", "thoughts", "thinking", "thinking process", "thought process", "reasoning")
    ),
    *(
        (f"{who}{word}\n", _ANSWER_END)
        for who in ("", "assistant\n")
        for word in ("think", "thinking", "thought")
    ),
)
LONGEST_SPOKEN_END = 32
BARE_ROLE = "assistant\n\n"
"""What is left of a turn's beginning where a server drops the template's marks."""


def find_mark(text: str, start: int = 0) -> tuple[int, int, MarkKind] | None:
    """The first whole mark at or after `start`: its start, its end, and its meaning."""
    for opener in _OPENER.finditer(text, start):
        if (found := match_mark(text, opener.start())) is not None:
            return opener.start(), *found
    return None


def find_spoken_end(text: str, words: re.Pattern[str], before: str) -> tuple[int, bool]:
    """The end of a thought in words, 0 without one, and whether a closing mark ends it. `before`: what precedes it."""
    spoken, end = words.search(text), 0
    within = text[: spoken.start()] if spoken is not None else text
    while (found := find_mark(within, end)) is not None:
        start, end, kind = found
        if kind == "close" and (text[start - 1 : start] or before[-1:]) != "`":
            return end, True
    return (spoken.end(), False) if spoken is not None else (0, False)


@lru_cache(maxsize=64)
def end_of_heading(mark: str) -> re.Pattern[str]:
    """What ends the thought that this heading in brackets begins: its own closing mark, or a heading of the answer."""
    return re.compile(rf"(?<!`)\[/{re.escape(mark[1:-1])}\]|{_ANSWER_IN_BRACKETS}", re.IGNORECASE)


def match_mark(text: str, start: int) -> tuple[int, MarkKind] | None:
    """The mark that begins at `start`: its end, and its meaning."""
    if text[start] in "`~":
        fence = _FENCE.match(text, start)
        return None if fence is None else (fence.end(), "leading_fence" if fence["leading"] else "fence")
    literal = _LITERAL.match(text, start)
    if literal and (text[start] != "[" or literal[0] in _IN_BRACKETS):
        return literal.end(), _LITERALS[literal[0].lower()]
    if (control := read_control(text, start)) is not None:
        return control
    if (bracket := _THOUGHTS_IN_BRACKETS.match(text, start)) is not None:
        return bracket.end(), "close_leading" if bracket["slash"] else "heading"
    if (tag := _TAG.match(text, start)) is not None:
        return tag.end(), _kind_of_tag(tag)
    if (details := _DETAILS.match(text, start)) is not None:
        return details.end(), "close_details" if details["slash"] else "details"
    return None


def find_tail(text: str, start: int) -> int:
    """The start of a possible mark at the end of `text`, at or after `start`; else the end."""
    low = max(start, len(text) - LONGEST)
    opener = max(text.rfind(char, low) for char in OPENERS)
    if opener >= 0 and (sign := text[opener]) in "`~":
        while opener > low and text[opener - 1] == sign:
            opener -= 1
    return opener if opener >= 0 and may_become_mark(text[opener:]) else len(text)


def has_opener(text: str) -> bool:
    """Whether a mark may begin in the text."""
    return "<" in text or "[" in text or "`" in text or "◁" in text or "~" in text


def name_of(mark: str) -> str:
    """The name in a mark: `plan` of `<plan id="1">` and of `</plan>`."""
    found = _NAME.search(mark)
    return found.group().lower() if found is not None else ""


def begins_aloud(text: str) -> bool:
    """Whether it begins with a mark that is words."""
    beginning = text.lstrip()[:LONGEST].lower()
    return beginning.startswith(BARE_ROLE) or any(beginning.startswith(begins) for begins, _ in SPOKEN)


@lru_cache(maxsize=1024)
def may_become_mark(tail: str) -> bool:
    """Whether more characters could complete a mark in `tail`, which begins with an opener and holds no other."""
    if len(tail) >= LONGEST or "\n" in tail:
        return False
    low = tail.lower()
    if low[0] in "`~":
        fence = _BEGUN_FENCE.fullmatch(low)
        return fence is not None and any(name.startswith(fence["name"] or "") for name in _FENCE_NAMES)
    if any(mark.startswith(low) for mark in (*_LITERALS, *_BRACKETED)) or is_begun(low):
        return True
    name = low[1:].removeprefix(" ").removeprefix("/").removeprefix(" ")
    if low[0] != "<" or ">" in name:
        return False
    return any(known.startswith(name) or _begins_with_name(name, known) for known in _TAG_NAMES)


def _begins_with_name(text: str, name: str) -> bool:
    """Whether attributes, or the slash of an empty tag, follow the name."""
    return text.startswith(name) and text[len(name)] in " \t/"


def _kind_of_tag(tag: re.Match[str]) -> MarkKind:
    closes = bool(tag["slash"])
    if tag["wrap"]:
        return "unwrap" if closes else "wrap"
    if tag["empty"]:
        return "empty"
    if tag["leading"]:
        return "close_leading" if closes else "leading"
    return "close" if closes else "open"
