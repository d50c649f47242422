"""What of a reply is content: no thoughts, no marks of templates, however the stream is cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_linear_time import assert_linear
from workflows.models.replies.filter import ReplyFilter
from workflows.models.replies.whole import clean_reply

STORY = "The moon was quiet.\n\nMaya lit the lamp, and 3 < 5 [said she]."
THOUGHT = "Okay, the reader is seven. I should plan a soft ending first."

THINKING = [
    f"<think>{THOUGHT}</think>{STORY}",
    f"<think>\n{THOUGHT}\n</think>\n\n{STORY}",
    f"\n <THINK>{THOUGHT}</Think>\n{STORY}",
    f"<thinking>{THOUGHT}</thinking>{STORY}",
    f"<think>{THOUGHT}</thinking>{STORY}",
    f"<thought>{THOUGHT}</thought>{STORY}",
    f"<reasoning>{THOUGHT}</reasoning>{STORY}",
    f"<reasoning_content>{THOUGHT}</reasoning_content>{STORY}",
    f"<thinking_process>{THOUGHT}</thinking_process>{STORY}",
    f"<antThinking>{THOUGHT}</antThinking>{STORY}",
    f'<thought type="deep">{THOUGHT}</thought>{STORY}',
    f"<think>{THOUGHT}</think>\n<|begin_of_box|>{STORY}<|end_of_box|>",
    f"<analysis>{THOUGHT}</analysis>{STORY}",
    f"<reflection>{THOUGHT}</reflection>{STORY}",
    f"<scratchpad>{THOUGHT}</scratchpad>\n{STORY}",
    f'<think type="deep">{THOUGHT}</think>{STORY}',
    f"<seed:think>{THOUGHT}</seed:think>{STORY}",
    f"<think></think>\n\n{STORY}",
    f"<think/>{STORY}",
    f"[THINK]{THOUGHT}[/THINK]{STORY}",
    f"◁think▷{THOUGHT}◁/think▷{STORY}",
    f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|><|begin_of_solution|>{STORY}<|end_of_solution|>",
    f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>{STORY}<|END_RESPONSE|>",
    f"<|channel>thought\n{THOUGHT}<channel|>{STORY}<turn|>",
    f"<unused94>thought\n{THOUGHT}<unused95>{STORY}",
    f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{STORY}<|return|>",
    f"<|start|>assistant<|channel|>analysis<|message|>{THOUGHT}<|channel|>final<|message|>{STORY}",
    f"analysisWe write. {THOUGHT}assistantfinal{STORY}",
    f"Here is my thought process: {THOUGHT}\nHere is my response:\n{STORY}",
    f"<think>{THOUGHT}</think><answer>{STORY}</answer>",
    f"<think>Let me see what `</think>` does. {THOUGHT}</think>{STORY}",
    f"<think>{THOUGHT}</think><think>{THOUGHT}</think>{STORY}",
    f"<|im_start|>think\n{THOUGHT}\n<|im_start|>answer\n{STORY}",
    f"<|im_start|>think {THOUGHT} <|im_start|>answer {STORY}",
    f"<|im_start|>think\n{THOUGHT}<|im_end|>\n<|im_start|>answer\n{STORY}<|im_end|>",
    f"<|im_start|>assistant\n<|im_start|>think\n{THOUGHT}<|im_start|>answer\n{STORY}<|im_end|>",
    f"<|im_start|>assistant think\n{THOUGHT}<|im_end|><|im_start|>assistant answer\n{STORY}",
    f"<|im_start|>assistant/thinking\n{THOUGHT}<|im_end|><|im_start|>assistant/final\n{STORY}",
    f"<|start_header_id|>thinking<|end_header_id|>\n\n{THOUGHT}<|eot_id|>"
    f"<|start_header_id|>answer<|end_header_id|>\n\n{STORY}<|eot_id|>",
    f"<|start_header_id|>assistant thought<|end_header_id|>\n\n{THOUGHT}<|eot_id|>"
    f"<|start_header_id|>assistant<|end_header_id|>\n\n{STORY}<|eot_id|>",
    f"<start_of_turn>think\n{THOUGHT}<end_of_turn>\n<start_of_turn>model\n{STORY}<end_of_turn>",
    f"<|channel|>analysis\n{THOUGHT}\n<|channel|>final\n{STORY}",
    f"<|channel|>analysis {THOUGHT}<|end|><|start|>assistant<|channel|>final {STORY}",
    f"<|channel|>commentary<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>answer<|message|>{STORY}<|return|>",
    f"<|channel|>final <|constrain|>text<|message|>{STORY}<|return|>",
    f"<|analysis|>{THOUGHT}<|final|>{STORY}",
    f"<|think|>{THOUGHT}<|answer|>{STORY}",
    f"<|think|>{THOUGHT}<|assistant|>{STORY}",
    f"think\n{THOUGHT}\nanswer\n{STORY}",
    f"```think\n{THOUGHT}\n```\n\n{STORY}",
    f"```thinking\n{THOUGHT}\n```\n{STORY}",
    f"~~~reasoning\n{THOUGHT} `x` ``y``\n~~~\n{STORY}",
    f"````thought\n{THOUGHT}\n````\n{STORY}",
    f"<details>\n<summary>Thinking</summary>\n\n{THOUGHT}\n\n</details>\n\n{STORY}",
    f"<details><summary><b>💭 Thought for 12 seconds</b></summary>{THOUGHT}</details>{STORY}",
    f'<details type="reasoning" done="true">\n<summary>3 seconds</summary>\n> {THOUGHT}\n</details>\n{STORY}',
    f"<details open><summary>Click to view my reasoning process</summary>{THOUGHT}</details>\n{STORY}",
    f"<|begin_think|>{THOUGHT}<|end_think|>{STORY}",
    f"<|reasoning_start|>{THOUGHT}<|reasoning_end|>{STORY}",
    f"<｜think｜>{THOUGHT}<｜/think｜>{STORY}",
    f"<plan>{THOUGHT}</plan>\n{STORY}",
    f"[REASONING]\n{THOUGHT}\n[/REASONING]\n{STORY}",
    f"[ANALYSIS] {THOUGHT} [REASONING] {THOUGHT} [/REASONING] {THOUGHT} [/ANALYSIS]\n\n{STORY}",
    f"[Thinking]\n{THOUGHT} `[/Thinking]` ends it.\n[/Thinking]{STORY}",
    f"[THOUGHT]\n{THOUGHT}\n[FINAL ANSWER]\n{STORY}",
    f"[ANALYSIS]\n{THOUGHT}\n</think>\n{STORY}",
    f"<think>{THOUGHT}</think>\n<story>\n{STORY}</story>",
    f"Thinking...\n{THOUGHT}\n...done thinking.\n\n{STORY}",
    f"**Thinking:** {THOUGHT}\n\n**Answer:** {STORY}",
    f"Thought: {THOUGHT}\nFinal Answer: {STORY}",
    f"<|think|>{THOUGHT} No <|tool_list|> is needed.<|/think|>{STORY}",
    f"**Reasoning:** {THOUGHT}\n\n## Answer\n{STORY}",
    f"Thinking Process:\n\n1. {THOUGHT}\n</think>\n\n{STORY}",
    f"Reasoning: {THOUGHT} `</think>` ends it.</think>{STORY}<|im_end|>",
    f"Thought: {THOUGHT}<|channel|>final<|message|>{STORY}",
    f"<thinking>{THOUGHT}<reflection>{THOUGHT}</reflection>{THOUGHT}</thinking><output>{STORY}</output>",
    f"<plan>{THOUGHT}<reason>{THOUGHT}</reason>{THOUGHT}</plan>\n{STORY}",
]
LONE = [
    f"{THOUGHT}</think>{STORY}",
    f"{THOUGHT}\n</think>\n\n{STORY}",
    f"{THOUGHT} [/THINK]{STORY}",
    f"{THOUGHT}</reasoning>\n{STORY}",
    f"<think>{THOUGHT}<think>{THOUGHT}</think>{THOUGHT}</think>{STORY}",
    f"{THOUGHT}<|im_start|>answer\n{STORY}",
    f"{THOUGHT}<|channel|>final<|message|>{STORY}",
    f"{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{STORY}",
    f"{THOUGHT}<|eot_id|><|start_header_id|>answer<|end_header_id|>\n\n{STORY}",
]
MARKED = [
    *(
        f"{STORY}{mark}"
        for mark in (
            "<|im_end|>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<|endoftext|>",
            "<|end_of_text|>",
            "</s>",
            "<eos>",
            "<end_of_turn>",
            "<｜end▁of▁sentence｜>",
            "<|END_OF_TURN_TOKEN|>",
            "[/INST]",
            " [end of text]",
            "\n<|im_end|>\n",
            "</s></s>",
            "<|im_end|>\n<|endoftext|>",
            "<|im_end|>\n<|im_start|>user\nGo on!<|im_end|>",
            "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nMore.",
            "<end_of_turn>\n<start_of_turn>user\nGo on!",
            "</s><s>[INST] Go on [/INST]",
            "\n<|user|>\nGo on!",
            "<|end_of_response|>",
            "<｜▁end▁of▁sentence｜>",
            "<|eom|><|pad_7|>",
            "<|im_end|",
            "<|eot_i",
            "</response>",
            "</assistant><|im_end|>",
            "[|endofturn|]",
            "\n\n[END]",
        )
    ),
    f"<s>{STORY}",
    f"assistant\n\n{STORY}",
    f"[|assistant|]{STORY}[|endofturn|]",
    f"<|sot|>{STORY}",
    f"{STORY}<|im_end|>\n<|im_start|>think\nAgain.",
    f"<|im_start|>answer\n{STORY}<|im_end|>\n<|im_start|>think\nAgain.",
    f"<|im_start|>assistant\n{STORY}",
    f"<|start_header_id|>assistant<|end_header_id|>\n\n{STORY}<|eot_id|>",
    f"<|start_of_role|>assistant<|end_of_role|>{STORY}<|end_of_text|>",
    f"{STORY}<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Go on!",
    f"<start_of_turn>model\n{STORY}<end_of_turn>",
    f"<think>{THOUGHT}</think>\n\n{STORY}<|im_end|>",
]
AS_IT_IS = [
    STORY,
    "He wrote `<think>` on the board, and `</think>` below it.",
    "The token `<|im_end|>` ends a turn.",
    "A line <s>struck</s> out, and more.",
    "The analysis of the case.",
    "<b>Loud</b> words, and <i>soft</i> ones",
    "[think] she told herself. [pauses]",
    "Here is my house: it is small.",
    "1 < 2, 2 > 1, a<b, <3",
    "<",
    "Model trains are fun. Human beings ride them.",
    "Her <answer> was short.",
    "My <analysis> of it: good.",
    "```python\nprint('think')\n```\nDone.",
    "He said ```think out loud``` twice.",
    "<details><summary>Ingredients</summary>Eggs</details> Mix.",
    "~~thin~~ ice",
    "Text\n```thinkpad\nx\n```",
    "think about it",
    "Write <|x|> between bars, and <|> too",
    "It ends with <response>ok</response>",
    "Reasoning: a word on its own.\n\nNo answer follows.",
    "Answer me, she said.",
    "[ANALYSIS]\nThe market grew by a third.\n\n[REASONING]\nPrices fell.",
    "[THOUGHT] I am a lamp, she said. [/REASONING] Or am I?",
    "[Thinking] She looked up. <b>Then</b> it rained.",
]


def stream(pieces: list[str], *, holds: bool = False) -> str:
    """What a reader has in the end, who takes back what was a thought."""
    reply = ReplyFilter(holds=holds)
    shown = ""
    for piece in pieces:
        content = reply.feed(piece)
        shown = content if reply.restarted else shown + content
    rest = reply.finish()
    return rest if reply.restarted else shown + rest


@pytest.mark.parametrize("reply", [*THINKING, *LONE])
def test_reply_with_thoughts_is_its_text_alone(reply: str) -> None:
    assert clean_reply(reply).rstrip() == STORY


@pytest.mark.parametrize("reply", MARKED)
def test_reply_with_the_marks_of_a_template_is_its_text_alone(reply: str) -> None:
    assert clean_reply(reply).rstrip() == STORY


@pytest.mark.parametrize("reply", AS_IT_IS)
def test_text_that_only_looks_like_marks_stays(reply: str) -> None:
    assert clean_reply(reply) == reply


@given(st.sampled_from([*THINKING, *LONE, *MARKED, *AS_IT_IS]), st.data())
def test_content_is_the_same_wherever_the_stream_is_cut(reply: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(reply)), max_size=12)))
    pieces = [reply[a:b] for a, b in pairwise([0, *cuts, len(reply)])]
    assert stream(pieces) == clean_reply(reply)
    assert stream(pieces, holds=True) == clean_reply(reply)


PIECES = (
    "< think> </think> <| im_end|> s> </ ` [THINK] <|channel|> final <|message|> analysis <|im_start|> user x answer "
    "think assistant ``` ```think ~~~ <details> <summary> Thinking </summary> </details> <|start|> <|final|> "
    "<|analysis|> : <|assistant|> <channel|> [ANALYSIS] [/ANALYSIS] [THOUGHT] [ANSWER]"
)


@given(st.lists(st.sampled_from([*PIECES.split(), "a ", "\n"])))
def test_content_of_any_medley_of_marks_is_the_same_token_by_token(tokens: list[str]) -> None:
    whole = clean_reply("".join(tokens))
    assert stream(tokens) == stream(list("".join(tokens))) == whole


@pytest.mark.parametrize("reply", [*THINKING, *MARKED])
def test_nothing_of_a_thought_is_returned_in_the_meantime(reply: str) -> None:
    watched = ReplyFilter()
    shown = ""
    for char in reply:
        shown += watched.feed(char)
        assert not watched.restarted and STORY.startswith(shown.rstrip())


@pytest.mark.parametrize("reply", LONE)
def test_model_that_is_known_to_think_without_a_mark_is_held_until_it_has_thought(reply: str) -> None:
    held = ReplyFilter(holds=True)
    shown = ""
    for char in reply:
        shown += held.feed(char)
        assert not held.restarted and (STORY.startswith(shown.rstrip()) or "<think>" in reply)
    assert shown + held.finish() == STORY


def test_reply_that_is_held_and_has_no_thoughts_is_whole() -> None:
    assert stream(list(STORY), holds=True) == STORY


@pytest.mark.parametrize("end", ["<|channel|>final<|message|>", "<|im_start|>answer\n"])
def test_words_of_a_thought_that_were_held_are_no_text_to_take_back(end: str) -> None:
    reply = ReplyFilter()
    assert reply.feed(f"Thought: {THOUGHT}{end}{STORY}") == ""
    assert reply.finish() == STORY and not reply.restarted and reply.thought


def test_thought_that_is_not_closed_is_no_content() -> None:
    reply = ReplyFilter()
    assert reply.feed(f"<think>{THOUGHT}") == "" and reply.unclosed and reply.finish() == ""


def test_first_words_of_a_text_wait_for_no_more_than_could_be_a_mark() -> None:
    reply = ReplyFilter()
    assert [reply.feed(piece) for piece in ("Once", " upon", " a <", "3 time")] == [
        "Once",
        " upon",
        " a ",
        "<3 time",
    ]


HOSTILE = [
    "<think>a</think>",
    "`<think>`",
    "<|channel|>final<|message|>x",
    *(
        "<",
        "<think>",
        "</think>",
        "</s>",
        "<|im_start|>",
        "<|channel|>",
        "<|im_end|>",
        "[",
        "◁",
        "<answer>",
        "<|im_start|>user",
    ),
    *(" ", "\n", "a "),
    *(
        "`",
        "```",
        "```think\n",
        "~",
        "<details>",
        "<details><summary>",
        "<|im_start|>think\n",
        "<|final|>",
        "think\n",
        "Thought: </think>",
        "Thought: \nAnswer: ",
    ),
]


@pytest.mark.parametrize("token", HOSTILE)
@pytest.mark.parametrize(("cut", "most"), [(3, 10_000), (100_000, 100_000)])
def test_time_is_linear_in_the_text(token: str, cut: int, most: int) -> None:
    def filter_it(text: str) -> object:
        return stream([text[at : at + cut] for at in range(0, len(text), cut)])

    assert_linear(filter_it, token, f"in pieces of {cut}", whole=most)


@given(st.text())
def test_text_without_marks_is_whole_but_for_white_space_before_it(text: str) -> None:
    if not any(opener in text for opener in "<[◁`~"):
        assert stream(list(text)) == clean_reply(text) == text.lstrip()
