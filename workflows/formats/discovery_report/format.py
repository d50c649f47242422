"""The discovery report: business ideas for one person, in three parts."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from workflows.context import prompt_values
from workflows.errors import InvalidInput
from workflows.formats.base import Format, Plan
from workflows.formats.capabilities import CacheMode
from workflows.formats.discovery_report.areas import AreaRegistry
from workflows.formats.discovery_report.ideas import IDEAS, make_ideas, review_ideas
from workflows.formats.discovery_report.input import DiscoveryInput
from workflows.formats.discovery_report.presentation import PRESENTATION
from workflows.formats.discovery_report.profile import profile_key
from workflows.formats.discovery_report.settings import ReportSettings
from workflows.formats.form import Presentation
from workflows.formats.pieces import SectionNotes
from workflows.formats.toolkit.languages import LANGUAGES
from workflows.formats.toolkit.measured_review import review_repetition
from workflows.formats.toolkit.section_notes import split_section
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.models.calls.calls import stream_text
from workflows.models.calls.search import can_search, stream_search
from workflows.models.clients.catalog import Model
from workflows.models.parameters import RoleParameters
from workflows.models.spec import ModelSpec
from workflows.prompts import Prompts
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.state import Outline, Section, SectionTask, State, text_of, texts_of
from workflows.text.metrics.coverage import content_stems
from workflows.text.metrics.readability import reading_grade, vocabulary_level
from workflows.text.streams.normaliser import normalise
from workflows.text.words import count_words
from workflows.verdicts import ReviewFinding

SECTIONS = ("profile_analysis", "startup_ideas_research", "personalized_recommendations")
_TITLES = {
    "profile_analysis": ("Profile analysis", "What the answers mean together: strengths, limits, tensions."),
    "startup_ideas_research": ("Startup ideas and research", "What moves in the field, and ideas that fit."),
    "personalized_recommendations": ("Personal recommendations", "What to try first, step by step."),
}
_WORDS = {"profile_analysis": 600, "startup_ideas_research": 1100, "personalized_recommendations": 800}
_RESEARCH_WORDS = 900
"""About what a model writes of ideas, as data, and of what it finds."""
_ENDINGS = (
    "what kind of venture fits this person and why",
    "the last idea, whole, and the table",
    "the one thing to do tomorrow",
)
"""What a part must not be without, where it has to be brought home."""
_READING_PACE = 230  # words a minute, an adult in silence
_PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")


class DiscoveryReportFormat(Format[DiscoveryInput]):
    """Report of profile analysis, ideas with research, recommendations. The plan is always the same."""

    name = "discovery_report"
    path = "discovery-reports"
    title = "A report on what to found"
    parameters: ClassVar[RoleParameters] = {
        "outline": {"temperature": 0.4},
        "writing": {"temperature": 0.6},
        "derived": {"temperature": 0.2},
    }
    Input = DiscoveryInput
    presentation: ClassVar[Presentation] = PRESENTATION
    Settings = ReportSettings
    default_cache: ClassVar[CacheMode] = "use"
    example: ClassVar[Mapping[str, Any]] = {
        "goal_type": "A side income that may grow into a company",
        "time_commitment": "10 hours a week",
        "budget_range": "Under 2,000 euros",
        "interest_area": "Education",
        "sub_interest_area": "Language learning for adults",
        "work_style": "Alone first, close to customers",
        "skill_strength": ["teaching", "writing"],
        "experience_summary": "Eight years as a teacher of Spanish at an evening school, courses planned and sold "
        "by myself for the last three.",
        "founder_psychology": {"risk": "careful, wants to keep the day job", "setbacks": "patient"},
    }

    def __init__(self, areas: AreaRegistry | None = None, monthly_limit: int | None = None) -> None:
        self.areas = areas or AreaRegistry()
        self.monthly_limit = monthly_limit

    def configure(self, settings: ReportSettings) -> Self:
        """The format with the operator's own notes and limit. Raises AreaError."""
        return type(self)(AreaRegistry(settings.research_dir), settings.monthly_reports)

    def cache_key(self, inputs: DiscoveryInput) -> str | None:
        """A key of the profile, without case, white space and order."""
        return profile_key(inputs)

    def language(self, inputs: DiscoveryInput) -> str:
        """The language in the input."""
        return inputs.language

    def expected_words(self, inputs: DiscoveryInput) -> int:
        """The words of the three parts."""
        del inputs
        return sum(_WORDS.values())

    def facts_words(self, inputs: DiscoveryInput) -> int:
        """What is left of the research when the first part, which is written beside it, is there."""
        del inputs
        return max(0, _RESEARCH_WORDS - _WORDS[SECTIONS[0]])

    def check_model(self, inputs: DiscoveryInput, model: ModelSpec) -> None:
        """Refuses the embedded model, which can't give advice."""
        del inputs
        if model.provider == "embedded":
            message = "reports need a larger model than the built-in one; set STORYWIRE_MODEL"
            raise InvalidInput.of("options.model", message)

    def policy(self, inputs: DiscoveryInput) -> Policy:
        """The policy for adults at work."""
        del inputs
        return load_policy("professional")

    async def plan(self, inputs: DiscoveryInput, model: Model) -> Plan:
        """The plan of three parts; no model is called."""
        del model
        sections = [
            PlannedSection(
                index=index, title=_TITLES[name][0], summary=_TITLES[name][1], target_words=_WORDS[name]
            )
            for index, name in enumerate(SECTIONS)
        ]
        field = inputs.sub_interest_area or inputs.interest_area
        return Plan(Outline(title=f"Discovery report: {field}", sections=sections), {})

    async def research(self, inputs: DiscoveryInput, model: Model) -> Mapping[str, Any]:
        """Notes on the field for the second and the third part, with what a search adds where the model can, and the
        ideas that both are about."""
        found = await self._search(inputs, model)
        ideas = await make_ideas(inputs, found["notes"], found["sources"], model)
        return {**found, "ideas": ideas}

    async def _search(self, inputs: DiscoveryInput, model: Model) -> dict[str, Any]:
        area = self.areas.find(inputs)
        if inputs.search == "off" or not can_search(model.spec):
            return {"area": area.name, "notes": area.notes, "searched": False, "sources": []}
        messages = _PROMPTS.messages(
            "research", input=inputs, language=LANGUAGES[inputs.language], notes=area.notes
        )
        notes: list[str] = []
        sources: dict[str, str] = {}
        async with aclosing(stream_search(model, messages)) as found:
            async for item in found:
                if isinstance(item, str):
                    notes.append(item)
                elif item.url.startswith(("https://", "http://")):
                    sources.setdefault(item.url, normalise(item.title) or urlsplit(item.url).netloc)
        return {
            "area": area.name,
            "notes": f"{area.notes}\n\nFound on the web:\n{''.join(notes)}",
            "searched": True,
            "sources": [{"title": title, "url": url} for url, title in sources.items()],
        }

    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str | SectionNotes]:
        """One part. The first is about the person alone; the others have the notes on the field."""
        return self._ask(SECTIONS[min(task["index"], len(SECTIONS) - 1)], task, model)

    def extend(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The end of a part that came out too short."""
        return self._ask("extend", task, model, text=text, words=words)

    def land(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The end of a part that ran over."""
        return self._ask("land", task, model, text=text, words=words)

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The part again, by an editor's notes."""
        return self._ask("rewrite", task, model, text=section["text"], issues=issues)

    def _ask(
        self, name: str, task: SectionTask, model: Model, **values: Any
    ) -> AsyncGenerator[str | SectionNotes]:
        messages = _PROMPTS.messages(name, **{**self._values(task), **values})
        return split_section(task, stream_text(model, messages), values.get("words"))

    async def review_section(
        self, inputs: DiscoveryInput, state: State, index: int, model: Model
    ) -> list[ReviewFinding]:
        """As `review`, of a part that has just been written."""
        del model
        found = await asyncio.to_thread(_measure, inputs, state, index)
        return [one for one in found if one.get("section") == index]

    async def review(self, inputs: DiscoveryInput, state: State, model: Model) -> list[ReviewFinding]:
        """Enough ideas under their names, sources cited, recommendations that choose and are about this person, and
        nothing said twice. No model is asked."""
        del model
        return await asyncio.to_thread(_measure, inputs, state)

    async def derive(self, inputs: DiscoveryInput, state: State, model: Model) -> dict[str, Any]:
        """The three parts by name, the ideas as data, the sources in the order of their numbers. No model is asked."""
        del inputs, model
        sections, research = state["sections"], state.get("research") or {}
        parts = {name: sections[index]["text"] for index, name in enumerate(SECTIONS) if index in sections}
        return {**parts, "ideas": research.get("ideas", []), "sources": research.get("sources", [])}

    def metrics(self, inputs: DiscoveryInput, state: State) -> dict[str, Any]:
        """Words, minutes, levels, and the notes used."""
        text = text_of(state["sections"])
        words = count_words(text)
        grade = reading_grade(text, inputs.language)
        return {
            "word_count": words,
            "estimated_reading_time": round(words / _READING_PACE, 1),
            "vocabulary_level": vocabulary_level(grade),
            "educational_elements": [],
            "reading_grade": grade,
            "research": {
                name: value
                for name, value in (state.get("research") or {}).items()
                if name not in ("notes", "ideas")
            },
            "section_names": list(SECTIONS),
        }

    def _values(self, task: SectionTask) -> dict[str, Any]:
        inputs = self.parse(task["input"])
        section = task["outline"]["sections"][task["index"]]
        findings = task["research"] if task["index"] else {}  # the first part is about the person alone
        return {
            "input": inputs,
            "language": LANGUAGES[inputs.language],
            "section": section,
            "words": task["ask_words"],
            "ideas": IDEAS,
            "made": findings.get("ideas", []),
            "sources": findings.get("sources", []),
            "notes": task["research"].get("notes", ""),
            **prompt_values(task),
            "endings": _ENDINGS,
        }


def _measure(inputs: DiscoveryInput, state: State, only: int | None = None) -> list[ReviewFinding]:
    return [
        *review_ideas(state.get("research") or {}, state["sections"], inputs.model_dump_json()),
        *_personal(inputs, state["sections"]),
        *review_repetition(texts_of(state), only),
    ]


def _personal(inputs: DiscoveryInput, sections: Mapping[int, Section]) -> list[ReviewFinding]:
    """Finding unless the advice refers to something in the person's profile."""
    said = [
        inputs.interest_area,
        inputs.sub_interest_area or "",
        inputs.time_commitment,
        *inputs.skill_strength,
    ]
    wanted = frozenset[str]().union(*(content_stems(text) for text in said))
    if 2 not in sections or wanted & content_stems(sections[2]["text"]):
        return []
    advice = "These recommendations could be anybody's. Tie them to this person's skills, time and field."
    return [ReviewFinding(rule="personal", section=2, advice=advice, rewrite=True)]
