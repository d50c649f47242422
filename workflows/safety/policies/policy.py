"""Safety policies: the contents unfit for an audience, by rules whose words are looked for."""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from workflows.safety.words.classes import load_word_classes
from workflows.safety.words.folding import load_lookalikes
from workflows.safety.words.hebrew import expand
from workflows.safety.words.lexicon import Lexicon
from workflows.safety.words.scenes import Scenes, load_scene_classes

_SHORTEST_OF_COMPOUND = 3  # letters of either word

Severity = Literal["low", "medium", "high"]
GateMode = Literal["open", "sentence", "section"]
Terms = dict[str, Annotated[list[str], Field(min_length=1)]]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Part):
    """Words of one category. `blocked` decides whether a match stops the text or is only noted."""

    category: str
    severity: Severity
    blocked: bool = True
    noted_in: tuple[str, ...] = Field((), description="Bands for whose readers a finding is only noted")
    advice: str
    terms: Terms = Field(
        description="By language: whole words or phrases; a `*` at the end stands for any ending"
    )
    harmless: Terms = Field(
        default_factory=dict, description="By language: phrases in which the same words mean no harm"
    )

    forms: Terms = Field(
        default_factory=dict, description="Hebrew words that are looked for in all their forms: `paal רצח`"
    )
    harmless_forms: Terms = Field(default_factory=dict, description="The same for what means no harm")

    frames: Terms = Field(
        default_factory=dict, description="Phrases with classes of words (classes.toml): `<hit> <person>`"
    )
    unless: Terms = Field(
        default_factory=dict,
        description="By language: words, phrases and frames that make their whole sentence harmless, as a warning",
    )

    scenes: tuple[str, ...] = Field(
        (), description="Classes of words (scenes_hebrew.toml) in one sentence, in any order: `<jump> <roof>`"
    )

    @field_validator("forms", "harmless_forms")
    @classmethod
    def _forms_are_known(cls, forms: Terms) -> Terms:
        _expand(forms)
        return forms

    @cached_property
    def all_terms(self) -> tuple[str, ...]:
        """All words and phrases to find, of any language."""
        return (*_all(self.terms), *_expand(self.forms))

    @cached_property
    def harmless_terms(self) -> tuple[str, ...]:
        """All words and phrases that are left out before the terms are matched."""
        return (*filter(_is_phrase, _all(self.harmless)), *_expand(self.harmless_forms))

    @cached_property
    def harmless_frames(self) -> tuple[str, ...]:
        """The frames with word classes that are left out likewise."""
        return tuple(term for term in _all(self.harmless) if not _is_phrase(term))


class Band(_Part):
    """An age band of readers, in years, both ends included."""

    name: str
    youngest: int
    oldest: int


class InputRules(_Part):
    """Treatment of an input with orders to the model, or with personal data."""

    injection: Literal["block", "note", "off"] = "block"
    personal_data: Literal["block", "note", "off"] = "note"


class JudgeRules(_Part):
    """Limits for a judge's findings: texts are stopped from this severity on, or by scores (0–1) below a least."""

    blocks: Severity = "medium"
    least: dict[Literal["age_fit", "cultural_sensitivity", "educational_value"], float] = Field(
        default_factory=dict
    )


class ModerationRules(_Part):
    """Limits for a provider's moderation: scores (0–1) from which a text is stopped, in all and by category."""

    threshold: float = Field(0.5, ge=0, le=1)
    categories: dict[str, float] = Field(default_factory=dict)


class Policy(_Part):
    """Rules for one audience. `band` is set where it is for readers of some age only."""

    name: str
    audience: str = "general"
    readers: str = "everybody"
    gate: GateMode = "sentence"
    input: InputRules = InputRules()
    judge: JudgeRules = JudgeRules()
    moderation: ModerationRules = ModerationRules()
    bands: tuple[Band, ...] = ()
    band: str | None = None
    names: tuple[str, ...] = Field((), description="What people are called here; never judged as words")
    language: str | None = Field(
        None,
        exclude=True,
        description="The language of the text to be judged, by whose sentences it is held back",
    )
    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _bands_are_known(self) -> Self:
        known = {band.name for band in self.bands}
        for rule in self.rules:
            if unknown := set(rule.noted_in) - known:
                raise ValueError(f"noted_in names no band of this policy: {', '.join(sorted(unknown))}")
        return self

    @property
    def label(self) -> str:
        """The name with its band: `child:6-8`."""
        return f"{self.name}:{self.band}" if self.band else self.name

    @property
    def fields(self) -> dict[str, Any]:
        """Its fields as they are, to make another policy of."""
        return {name: getattr(self, name) for name in Policy.model_fields}

    def for_age(self, age: int | None) -> "Policy":
        """The policy for one reader. Without a known age, or outside every band, the strictest."""
        band = next((b for b in self.bands if age is not None and b.youngest <= age <= b.oldest), None)
        if band is None:
            return self
        return self._of_bands[band.name]

    def with_names(self, names: tuple[str, ...]) -> "Policy":
        """The policy for a text with these names of people."""
        if not names:
            return self
        _ = self._lexicons  # a copy keeps what is there already, and names change nothing of it
        return self.model_copy(update={"names": tuple(dict.fromkeys([*self.names, *names]))})

    def in_language(self, language: str | None) -> "Policy":
        """The policy for a text in this language, a tag such as `en`."""
        _ = self._lexicons
        return self.model_copy(update={"language": language})

    @cached_property
    def _of_bands(self) -> dict[str, "Policy"]:
        return {band.name: _of_band(self, band.name) for band in self.bands}

    @cached_property
    def _lexicons(self) -> "_Lexicons":
        load_lookalikes()  # else by the first text that isn't ASCII, maybe in the event loop
        return _Lexicons(self.rules)

    @property
    def lexicon(self) -> Lexicon[int]:
        """The terms of all rules, by the rule's number."""
        return self._lexicons.terms

    @property
    def scenes(self) -> Scenes[int]:
        """The scenes of all rules, by the rule's number."""
        return self._lexicons.scenes

    @property
    def harmless(self) -> Lexicon[int]:
        """The harmless phrases, by the number of the rule that they are an exception from."""
        return self._lexicons.harmless

    @property
    def unless(self) -> Lexicon[int]:
        """What makes a sentence harmless, by the number of the rule that it is harmless for."""
        return self._lexicons.unless

    @property
    def blocked(self) -> Lexicon[None]:
        """The words and phrases of the rules that stop a text."""
        return self._lexicons.blocked


class _Lexicons:
    """Lexicons of a policy's rules, each built at its first use: it takes some tenths of a second."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules

    @cached_property
    def terms(self) -> Lexicon[int]:
        # The gate needs the others on the event loop, a moment after the request was checked beside it.
        _ = self.blocked, self.scenes, self.harmless, self.unless
        terms = ((term, index) for index, rule in enumerate(self._rules) for term in rule.all_terms)
        frames = ((frame, index) for index, rule in enumerate(self._rules) for frame in _all(rule.frames))
        return Lexicon(terms, frames, load_word_classes())

    @cached_property
    def scenes(self) -> Scenes[int]:
        scenes = ((scene, index) for index, rule in enumerate(self._rules) for scene in rule.scenes)
        return Scenes(scenes, load_scene_classes())

    @cached_property
    def harmless(self) -> Lexicon[int]:
        terms = (
            (spelling, index)
            for index, rule in enumerate(self._rules)
            for term in rule.harmless_terms
            for spelling in _with_compound(term)
        )
        frames = ((frame, index) for index, rule in enumerate(self._rules) for frame in rule.harmless_frames)
        return Lexicon(terms, frames, load_word_classes(), in_line=True)

    @cached_property
    def unless(self) -> Lexicon[int]:
        listed = [(term, index) for index, rule in enumerate(self._rules) for term in _all(rule.unless)]
        frames = [(term, index) for term, index in listed if not _is_phrase(term)]
        terms = [(term, index) for term, index in listed if _is_phrase(term)]
        return Lexicon(terms, frames, load_word_classes())

    @cached_property
    def blocked(self) -> Lexicon[None]:
        return Lexicon((term, None) for rule in self._rules if rule.blocked for term in rule.all_terms)


def _of_band(policy: Policy, band: str) -> Policy:
    rules = tuple(
        rule.model_copy(update={"blocked": False}) if band in rule.noted_in else rule for rule in policy.rules
    )
    # Built anew: a copy would keep the patterns of the rules that it was copied from.
    return Policy.model_validate({**policy.fields, "rules": rules, "band": band})


def _is_phrase(term: str) -> bool:
    return "<" not in term


def _with_compound(term: str) -> list[str]:
    """The term, and two words of three letters or more as one: hyphens are closed up ("killer-whale")."""
    words = term.split()
    is_compound = len(words) == 2 and all(len(word.rstrip("*")) >= _SHORTEST_OF_COMPOUND for word in words)
    return [term, "".join(words)] if is_compound and "*" not in words[0] else [term]


def _expand(forms: Terms) -> list[str]:
    return [form for entry in _all(forms) for form in expand(entry)]


def _all(terms: Terms) -> list[str]:
    return [term for listed in terms.values() for term in listed]
