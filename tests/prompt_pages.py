"""The whole prompts of every format, a small and a long example of each role.

`python -m tests.prompt_pages` writes them into docs/prompts.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from langchain_core.messages import BaseMessage

from backend.cli.evaluation import judging
from tests.fakes.prose import write_prose
from tests.podcasts import pack
from workflows.context import text_before, whole_text
from workflows.formats.creator_script import format as script
from workflows.formats.creator_script.outline import ScriptOutline, ScriptPart, fill_plan, outline_messages
from workflows.formats.creator_script.plan import divide_content
from workflows.formats.discovery_report import format as report
from workflows.formats.education_audio import format as lesson
from workflows.formats.education_audio.planning import divide_document
from workflows.formats.podcast import format as podcast
from workflows.formats.podcast import prompt_values
from workflows.formats.podcast.facts import requested_words
from workflows.formats.podcast.plan import beats_of_piece, plan_pieces, plan_sections
from workflows.formats.story import embedded
from workflows.formats.story import format as story
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.models.clients.catalog import Model
from workflows.models.embedded.prompts import load_prompt
from workflows.prompts import dated
from workflows.safety import judge
from workflows.safety.policies.policy_files import load_policy
from workflows.state import Facts, Outline, Section, SectionTask, State

FOLDER = Path(__file__).parent.parent / "docs" / "prompts"
COMMAND = "python -m tests.prompt_pages"
_NOTES = "- Mia has the key and promised to bring it back.\n- The lamp is out; nobody knows why."
_SO_FAR = "The first sentence of it. The second one."
_ISSUES = [
    SafetyIssue(category="length", severity="medium", advice="Say it in fewer words."),
    SafetyIssue(category="violence", severity="high", quote="kill", advice="Solve it by wit."),
]

Prompts = dict[str, list[BaseMessage]]


def _written(outline: Outline, count: int, words: int) -> dict[int, Section]:
    return {
        index: Section(index=index, text=write_prose(f"section {index}", words))
        for index in range(min(count, len(outline["sections"])))
    }


def _task(
    inputs: Any, outline: Outline, notes: dict[str, Any], index: int, words: int = 40, **others: Any
) -> SectionTask:
    """A section's task; its text so far is short, or `words` a section where it is to be long."""
    sections = _written(outline, index, words)
    state = State(outline=outline, sections=sections, section_notes=dict.fromkeys(sections, _NOTES))
    return cast(
        SectionTask,
        {
            "input": inputs.model_dump(mode="json"),
            "outline": outline,
            "notes": notes,
            "index": index,
            "last_paragraph": sections[index - 1]["text"].split("\n\n")[-1] if index else "",
            "text_so_far": text_before(state, index, 4000),
            "wants_notes": words > 40 and index + 1 < len(outline["sections"]),
            "target_words": outline["sections"][index]["target_words"],
            "ask_words": outline["sections"][index]["target_words"],
            "facts": None,
            "research": {},
            **others,
        },
    )


def _sections(count: int, words: int) -> list[PlannedSection]:
    return [
        PlannedSection(
            index=index,
            title=f"Part {index + 1}",
            summary=write_prose(f"plan {index}", 14),
            target_words=words,
        )
        for index in range(count)
    ]


_BIBLE = {
    "cast": [
        {
            "name": "Maya",
            "gender": "girl",
            "who": "keeper of the lamp",
            "wants": "light for the boats",
            "speech": "in questions",
        },
        {
            "name": "Pip",
            "gender": "boy",
            "who": "a cat who can steer",
            "wants": "to be asked",
            "speech": "in one word",
        },
    ],
    "setting": "A lighthouse on the moon, on the night of the long dark.",
    "returning": "A spoon that nobody has lost.",
    "last_image": "The beam of the lamp on the dust.",
    "threads": ["Who put the lamp out?"],
}


def _story(inputs: dict[str, Any], count: int, words: int, is_long: bool) -> Prompts:
    given = story.StoryFormat().parse(inputs)
    outline = Outline(title="The lamp", sections=_sections(count, words))
    notes: dict[str, Any] = {"bible": _BIBLE, "vocabulary_words": [{"word": "dusk"}]}
    values = story.section_values(
        given, _task(given, outline, notes, count - 1 if is_long else 0, 500 if is_long else 40)
    )
    ask = story.PROMPTS.messages
    text = TextAll(outline, 500 if is_long else 40)
    return {
        "outline": ask("outline", **story.outline_values(given)),
        "first_section": ask("section", **story.section_values(given, _task(given, outline, notes, 0))),
        "section": ask("section", **values),
        "extend": ask("extend", **values, text=_SO_FAR, words=60),
        "land": ask("land", **values, text=_SO_FAR, words=30),
        "rewrite": ask("rewrite", **values, text=_SO_FAR, issues=_ISSUES),
        "choices": ask(
            "choices",
            **story.chapter_values(given, outline, notes),
            text_so_far=whole_text(text.state),
            chosen=[c.choice for c in given.earlier if c.choice],
        ),
    }


class TextAll:
    """A finished text as a state."""

    def __init__(self, outline: Outline, words: int) -> None:
        sections = _written(outline, len(outline["sections"]), words)
        self.state = State(outline=outline, sections=sections, section_notes=dict.fromkeys(sections, _NOTES))


def _embedded_page() -> str:
    """The page of the prompts for the embedded model, which are whole conversations."""
    hero, line = "a brave girl who loves stars", "Maya found a lamp on the moon."
    wish = "The cat wants to steer the light."
    folder = embedded._PROMPTS
    outline = {"theme": "a lighthouse on the moon", "name": "Maya", "age": 5, "interests": "stars and cats"}
    talks = {
        "outline": load_prompt(folder / "outline.md").messages(**outline, wish=wish),
        "choices": load_prompt(folder / "choices.md").messages(
            theme=outline["theme"], name="Maya", ending=line
        ),
    }
    parts = ["# Prompts of `story` for the built-in model"]
    for role, messages in talks.items():
        parts.append(f"## {role}")
        parts += [f"{one.type.capitalize()}:\n\n````text\n{one.text}\n````" for one in messages]
    for index, before in ((0, None), (3, "Pip lit it again.")):
        page = embedded.scene_page(name="Maya", hero=hero, index=index, summary=line, before=before)
        parts += [
            f"## page {index + 1}",
            f"System:\n\n````text\n{page.system}\n````",
            f"Human:\n\n````text\n{page.instruction}\n````",
            "The page begins with its line of the plan; a paragraph may begin with:",
            "````text\n" + "\n".join(page.starters) + "\n````",
        ]
    return "\n\n".join(parts)


def _podcast(inputs: dict[str, Any], is_long: bool) -> Prompts:
    given = podcast.PodcastFormat().parse(inputs)
    outline = Outline(title=given.topic.title, sections=plan_sections(given))
    rumors = [
        {
            "rumor": "A line to the south is planned.",
            "who_says": "a blog",
            "against": "the operator",
            "status": "open",
        }
    ]
    facts = Facts(canonical_pack=pack(**({"rumors": rumors} if is_long else {})), sources=[])
    words = 900 if is_long else 40
    first = _task(given, outline, {}, 0, words)
    later = _task(given, outline, {}, 6 if is_long else 1, words, facts=facts)
    values, ask = prompt_values.section_values(given, later), podcast._PROMPTS.messages
    shared = prompt_values.shared_values(given)
    beats = facts["canonical_pack"]["beats_outline"]
    pieces = [
        {**piece, "beats": [beats[i] for i in beats_of_piece(piece["name"], len(beats))]}
        for piece in plan_pieces(given)
    ]
    return {
        "outline": ask("outline", **shared, sections=outline["sections"]),
        "section_one": ask(
            "section_one",
            **prompt_values.section_values(given, first),
            searches=is_long,
            fewest=8,
            pack_words=requested_words(given.target_words),
        ),
        "section": ask("section", **values),
        "extend": ask("extend", **values, text=_SO_FAR, words=60),
        "land": ask("land", **values, text=_SO_FAR, words=30),
        "rewrite": ask("rewrite", **values, text=_SO_FAR, issues=_ISSUES),
        "pieces": ask(
            "pieces",
            **shared,
            pack=prompt_values.pack_text(facts),
            text_so_far=whole_text(TextAll(outline, words).state),
            pieces=pieces if is_long else pieces[-1:],
        ),
        "pieces_land": ask(
            "pieces_land",
            **shared,
            pack=prompt_values.pack_text(facts),
            pieces=[{**piece, "text": _SO_FAR, "words": 30} for piece in pieces[-3 if is_long else -1 :]],
        ),
    }


def _script(inputs: dict[str, Any], index: int) -> Prompts:
    format = script.CreatorScriptFormat()
    given = format.parse(inputs)
    template = format.template(given)
    parts = divide_content(given, template)
    answer = ScriptOutline(
        hook_question="Why does a tree give its green away?",
        parts=[
            ScriptPart(title=f"Part {number}", beats=write_prose(f"beats {number}", 20))
            for number, _ in enumerate(parts, 1)
        ],
    )
    plan = fill_plan(given, template, parts, answer)
    values = script._values(
        given, _task(given, plan.outline, plan.notes, min(index, len(plan.outline["sections"]) - 1))
    )
    ask = script._PROMPTS.messages
    return {
        "outline": outline_messages(given, template, "English", parts),
        "points": ask("points", points=[point.text for point in given.key_points], texts={0: _SO_FAR}),
        "section": ask("section", **values),
        "extend": ask("extend", **{**values, "words": 60}, text=_SO_FAR),
        "land": ask("land", **{**values, "words": 30}, text=_SO_FAR),
        "rewrite": ask("rewrite", **values, text=_SO_FAR, issues=_ISSUES),
    }


def _report(inputs: dict[str, Any], words: int) -> Prompts:
    format = report.DiscoveryReportFormat()
    given = format.parse(inputs)
    plan = asyncio.run(format.plan(given, cast(Model, None)))
    idea = {
        "name": "Evening circle", "problem": "Nobody to talk to.", "customer": "Adults who learn.",
        "offer": "Ten evenings.",
        "first_three_customers": "Old pupils.", "price": "90 euros.", "first_step": "Ask three.",
        "what_would_end_it": "Nobody pays.", "sources": [1],
    }  # fmt: skip
    sources = [{"title": "Schools close", "url": "https://paper.example.org/a"}]
    notes = "Parents pay for tests. Adults pay for conversation."
    research = {"notes": notes, "ideas": [idea], "sources": sources}
    tasks = [_task(given, plan.outline, plan.notes, index, words, research=research) for index in range(3)]
    ask, values = report._PROMPTS.messages, format._values(tasks[2])
    prompts = {
        name: ask(name, **format._values(task)) for name, task in zip(report.SECTIONS, tasks, strict=True)
    }
    return prompts | {
        "research": ask("research", **values),
        "ideas": ask("ideas", input=given, language="English", notes=notes, sources=sources, count=4),
        "extend": ask("extend", **{**values, "words": 60}, text=_SO_FAR),
        "land": ask("land", **{**values, "words": 30}, text=_SO_FAR),
        "rewrite": ask("rewrite", **values, text=_SO_FAR, issues=_ISSUES),
    }


def _lesson(inputs: dict[str, Any], words: int) -> Prompts:
    format = lesson.EducationAudioFormat()
    given = format.parse(inputs)
    assert given.document is not None
    division = divide_document(given.document.text, given.target_minutes, 12_000)
    outline = Outline(title="Before your test", sections=_sections(len(division.parts), 280))
    values = format._values(_task(given, outline, division.notes, len(division.parts) - 1, words))
    ask = lesson._PROMPTS.messages
    said = ["Water is fine.", "Water is forbidden."]
    return {
        "grounding": ask(
            "grounding", title=given.document.title, document=given.document.text, sentences=said
        ),
        "outline": format.outline_messages(given, division.parts),
        "section": ask("section", **values),
        "extend": ask("extend", **{**values, "words": 60}, text=_SO_FAR),
        "land": ask("land", **{**values, "words": 30}, text=_SO_FAR),
        "rewrite": ask("rewrite", **values, text=_SO_FAR, issues=_ISSUES),
    }


def _judge(count: int, words: int) -> Prompts:
    outline = Outline(title="The lamp", sections=_sections(count, 90))
    sections = list(_written(outline, count, words).values())
    others = judge._passages_beside(sections, {"plan": "The lamp\nPart 1: It goes out."})
    values = {"policy": load_policy("child", 7), "sections": sections, "others": others}
    return {"judge": judge._PROMPTS.messages("judge", **values)}


def _evaluation(task: dict[str, Any], words: int) -> Prompts:
    ask, given = judging._PROMPTS.messages, judging._dump_task(task)
    first, second = (write_prose(name, words) for name in ("one", "two"))
    return {
        "rubric": ask("rubric", task=given, text=first, words=words, planned_words=words),
        "comparison": ask("comparison", task=given, first=first, second=second),
    }


def small_and_long() -> dict[str, tuple[Prompts, Prompts]]:
    """By format: the prompts of a small example and of a long one, by role."""
    reader = {
        "name": "Maya",
        "age": 13,
        "gender": "girl",
        "reading_level": "advanced",
        "language": "he",
        "interests": ["stars", "cats"],
        "vocabulary_level": 80,
    }
    earlier = [
        {
            "number": n,
            "title": f"Night {n}",
            "summary": write_prose(f"night {n}", 30),
            "choice": "Call Grandma",
            "bible": _BIBLE,
        }
        for n in (1, 2)
    ]
    chapter = {
        "theme": "a lighthouse on the moon",
        "reader": reader,
        "chapter_number": 3,
        "chapter_count": 3,
        "earlier": earlier,
        "custom_user_input": "The cat wants to steer the light.",
        "length": "long",
        "title": "The long dark",
    }
    topic = {**podcast.PodcastFormat.example["topic"], "rumors_allowed": True}
    episode = {
        **podcast.PodcastFormat.example,
        "topic": topic,
        "reference_text": "A report on sleepers, https://example.org/report",
        "language": "British English",
    }
    persona = {
        "name": "Sam",
        "description": "A dry voice with a soft spot for trees.",
        "phrases": ["look closer"],
        "avoid": ["amazing"],
    }
    audience = {
        "name": "Walkers",
        "description": "People who are outside on Sundays.",
        "knowledge": "newcomer",
        "interests": ["birds"],
        "wants": ["names of things"],
    }
    video = {
        **script.CreatorScriptFormat.example,
        "script_flow": "From the leaf to the tree.",
        "script_persona": persona,
        "audience_persona": audience,
        "duration_minutes": 8,
    }
    words = {
        "experience_summary": write_prose("experience", 80),
        "founder_psychology": "I sleep badly before launches.",
    }
    document = {
        "title": "Before your blood test",
        "text": "\n\n".join(write_prose(f"leaflet {n}", 90) for n in range(12)),
    }
    short = {
        "theme": "a lighthouse on the moon",
        "reader": {"name": "Maya", "age": 5, "reading_level": "beginner"},
    }
    return {
        "story": (_story(short, 3, 72, is_long=False), _story(chapter, 12, 400, is_long=True)),
        "podcast": (
            _podcast({**podcast.PodcastFormat.example, "target_words": 2000}, is_long=False),
            _podcast(episode, is_long=True),
        ),
        "creator_script": (_script(dict(script.CreatorScriptFormat.example), 0), _script(video, 99)),
        "discovery_report": (
            _report(dict(report.DiscoveryReportFormat.example), 40),
            _report({**report.DiscoveryReportFormat.example, **words}, 900),
        ),
        "education_audio": (
            _lesson(dict(lesson.EducationAudioFormat.example), 40),
            _lesson(
                {
                    **lesson.EducationAudioFormat.example,
                    "document": document,
                    "content_type": "medication",
                    "custom_prompt": "For my aunt, who is a nurse",
                    "target_minutes": 10,
                },
                900,
            ),
        ),
        "safety": (_judge(1, 40), _judge(4, 120)),
        "evaluation": (_evaluation(short, 40), _evaluation(chapter, 400)),
    }


def pages() -> Iterator[tuple[str, str]]:
    """Name and text of each page."""
    with dated("2026-01-15"):
        examples = small_and_long()
    lines = [f"- [{name}]({name}.md): {', '.join(small)}" for name, (small, _) in examples.items()]
    lines.append(
        "- [story_embedded](story_embedded.md): a story by the built-in model: outline, choices, page"
    )
    yield "story_embedded", _embedded_page()
    head = "# Prompts\n\nWhat a model is given, whole: a small and a long example of each role. What stands for a\n"
    head += "model's own text is made up. These pages are made by\n"
    yield (
        "README",
        f"{head}`{COMMAND}`, and a test fails where they aren't as the prompts are.\n\n" + "\n".join(lines),
    )
    for name, (small, long) in examples.items():
        parts = [f"# Prompts of `{name}`"]
        for role in small:
            for size, prompts in (("small", small), ("long", long)):
                system, user = (message.text for message in prompts[role])
                parts += [
                    f"## {role}, {size}",
                    f"System:\n\n````text\n{system}\n````",
                    f"User:\n\n````text\n{user}\n````",
                ]
        yield name, "\n\n".join(parts)


def main() -> None:
    """Writes the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages():
        (FOLDER / f"{name}.md").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
