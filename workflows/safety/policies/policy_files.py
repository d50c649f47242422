"""Files of safety policies: the built-in ones and an operator's, which may extend them, and their lists of words."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from workflows.safety.policies.policy import Policy
from workflows.safety.words.scenes import load_scenes

_FOLDER = Path(__file__).parent
_WORDS = [
    Path(__file__).parents[1] / "words" / name
    for name in ("words.toml", "words_child.toml", "words_guidance.toml")
]


@cache
def load_policy(name: str, age: int | None = None) -> Policy:
    """The policy file `name`, for readers of that age.

    Raises FileNotFoundError or pydantic's ValidationError: a policy is never guessed.
    """
    if age is not None:
        return load_policy(name).for_age(age)
    return read_policy(_FOLDER / f"{name}.toml")


def read_policy(path: Path) -> Policy:
    """A policy file, which gives the policy its name. `extends` names a built-in policy, to which it adds rules,
    and whose other fields it overrides.

    Raises OSError, tomllib.TOMLDecodeError or ValueError (pydantic's ValidationError is one).
    """
    with path.open("rb") as file:
        given = tomllib.load(file)
    listed = given.get("rules", [])
    if not isinstance(listed, list) or not all(isinstance(rule, dict) for rule in listed):
        raise ValueError("rules are written as [[rules]]")
    given["rules"] = [_with_words(rule) for rule in listed]
    if (base := given.pop("extends", None)) is not None:
        given = _extend(str(base), given)
    return Policy.model_validate({"name": path.stem, **given})


def list_policies() -> list[str]:
    """The names of the built-in policies."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def _extend(base: str, given: dict[str, Any]) -> dict[str, Any]:
    if base not in list_policies():
        raise ValueError(f"extends names no policy of ours: {base!r}; there is {', '.join(list_policies())}")
    known = load_policy(base)
    changed = {
        name: _over(value.model_dump(exclude_unset=True), given[name])
        for name, value in known.fields.items()
        if isinstance(value, BaseModel) and isinstance(given.get(name), dict)
    }
    rules = [*known.rules, *given["rules"]]
    return {**known.fields, **given, **changed, "rules": rules, "name": known.name}


def _over(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A table overridden by another: tightening one threshold keeps the others."""
    merged = {**base, **given}
    for name, value in base.items():
        if isinstance(value, dict) and isinstance(given.get(name), dict):
            merged[name] = _over(value, given[name])
    return merged


def _with_words(rule: dict[str, Any]) -> dict[str, Any]:
    if isinstance(scenes := rule.get("scenes"), str):
        rule = {**rule, "scenes": load_scenes(scenes)}
    if "words" not in rule:
        return rule
    rule, name = dict(rule), str(rule["words"])
    del rule["words"]
    if name not in _word_lists():
        raise ValueError(f"words names no list of ours: {name!r}; there is {', '.join(_word_lists())}")
    listed = dict(_word_lists()[name])
    beside: dict[str, Any] = {
        key: listed.pop(key)
        for key in ("harmless", "forms", "frames", "harmless_forms", "unless")
        if key in listed
    }
    return {"terms": listed, **beside, **rule}


@cache
def _word_lists() -> dict[str, dict[str, Any]]:
    lists = {
        name: listed for path in _WORDS for name, listed in tomllib.loads(path.read_text("utf-8")).items()
    }
    phrases = lists.pop("phrases")
    for listed in lists.values():
        for language, frames in listed.get("frames", {}).items():
            spelt = [each for frame in frames for each in _spell_out(frame, phrases, language)]
            listed["frames"][language] = spelt
    return lists


def _spell_out(frame: str, phrases: dict[str, dict[str, list[str]]], language: str) -> list[str]:
    """The frame with each of the phrases that its first word stands for: `{how} <build> <explosive>`."""
    name, _, rest = frame.partition(" ")
    if not name.startswith("{"):
        return [frame]
    return [f"{phrase} {rest}" for phrase in phrases[name.strip("{}")][language]]
