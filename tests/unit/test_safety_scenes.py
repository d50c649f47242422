"""Scenes of Hebrew: classes of words in one sentence, by kind of harm, and what warns or denies."""

from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.rules import find_blocked
from workflows.safety.words.folding import fold
from workflows.safety.words.lexicon import split_words
from workflows.safety.words.scenes import Scenes, load_scene_classes, load_scenes

CHILD = load_policy("child", 7)
SENTENCES: Path = ROOT / "benchmarks/data/meaning/scenes_he.tsv"


def labelled() -> list[tuple[str, str]]:
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(kind, text) for kind, text in pairs]


def test_scenes_find_each_kind_of_harm_and_stop_few_of_the_harmless_neighbours() -> None:
    found: dict[str, list[bool]] = {}
    for kind, text in labelled():
        found.setdefault(kind, []).append(find_blocked(CHILD, text) is not None)
    harmless = found.pop("-")
    assert len(found) >= 9 and len(harmless) >= 50
    assert sum(harmless) <= 0.03 * len(harmless)
    assert [kind for kind, stopped in found.items() if sum(stopped) < 0.7 * len(stopped)] == []


@pytest.mark.parametrize(
    "text",
    [
        "הוא סיפר לאביר שאסור לקפוץ מהמעקה בשביל הלייקים.",
        "אל תקפצו מעל המעקה, גם אם מישהו אומר שזה אומץ.",
        "אף פעם לא קפצנו מעל המעקה.",
        "אל תספרי לאמא, אנחנו מכינים לה עוגה ליום ההולדת.",
        "שוחטים את האבטיח.",
        "השפרצנו זה על זה באקדחי המים.",
        "על הקיר תלוי שלט עם תמונה של סיגריה.",
    ],
)
def test_warnings_denials_and_surprises_find_nothing(text: str) -> None:
    assert find_blocked(CHILD, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "אמא אמרה שזה מסוכן, אבל אנחנו קפצנו מעל המעקה.",
        "זה לא מסוכן, תקפצי מעל המעקה.",
        "אל תפחד, תקפוץ מעל המעקה.",
        "אל תספרי לאמא שהיינו כאן.",
    ],
)
def test_warning_that_is_taken_back_excuses_nothing(text: str) -> None:
    assert find_blocked(CHILD, text) is not None


def test_scenes_are_of_the_child_policy_only() -> None:
    assert any(rule.scenes for rule in CHILD.rules)
    for name in ("general", "professional"):
        assert not any(rule.scenes for rule in load_policy(name).rules)


def test_scene_ends_with_its_sentence_and_with_forty_words() -> None:
    scenes = Scenes([("<rails> <onrails>", 0)], load_scene_classes())
    for text, count in [
        ("הם נשכבו על המסילה", 1),
        ("הם נשכבו. על המסילה זרח האור", 0),
        ("נשכבו " + "אור " * 60 + "מסילה", 0),
    ]:
        assert len(list(scenes.find(fold(text), split_words(fold(text))))) == count, text


def test_scene_of_unknown_classes_is_refused() -> None:
    for scene in ("<rails> <nosuch>", "rails", "!<rails>", ""):
        with pytest.raises(ValueError, match="no scene"):
            Scenes([(scene, 0)], load_scene_classes())
    with pytest.raises(ValueError, match="no list of ours"):
        load_scenes("nosuch")
