"""Policies: by age, by audience, and of an operator's own."""

from pathlib import Path

import pytest

from backend.settings import SettingsError, load_settings
from workflows.safety.policies.policy_files import list_policies, load_policy
from workflows.safety.policies.registry import PolicyRegistry
from workflows.safety.rules import find_blocked

OWN = """
extends = "child"
gate = "section"
[[rules]]
category = "brand"
severity = "low"
advice = "Name no products."
[rules.terms]
en = ["acme*"]
"""


@pytest.mark.parametrize(
    ("text", "blocked_until"),
    [
        ("She drank a beer.", 11),
        ("A zombie!", 8),
        ("He killed it with fire.", 14),
        ("Damn!", 8),
        ("A dead leaf.", 0),
    ],
)
def test_policy_for_children_blocks_by_age_what_older_ones_may_read(text: str, blocked_until: int) -> None:
    for age in range(3, 15):
        assert (find_blocked(load_policy("child", age), text) is not None) == (age <= blocked_until), age


def test_policy_without_an_age_or_outside_its_bands_is_the_strictest() -> None:
    for age in (None, 2, 40):
        assert find_blocked(load_policy("child").for_age(age), "A zombie!") is not None


def test_policy_for_professionals_lets_medical_words_pass() -> None:
    policy = load_policy("professional")
    for text in ("The penis is examined.", "Heroin addiction and alcohol", "Blood and breast cancer"):
        assert find_blocked(policy, text) is None
    assert find_blocked(policy, "All Jews are liars") is not None


def test_every_policy_of_ours_is_read_for_every_band() -> None:
    for name in list_policies():
        policy = load_policy(name)
        assert [policy.for_age(band.youngest).label for band in policy.bands] == [
            f"{name}:{band.name}" for band in policy.bands
        ]


def test_own_policy_replaces_ours_of_the_same_name_for_the_same_readers(tmp_path: Path) -> None:
    (tmp_path / "child.toml").write_text(OWN, encoding="utf-8")
    applied = PolicyRegistry(tmp_path).apply(load_policy("child", 13))
    assert (applied.label, applied.gate) == ("child:12-14", "section")
    assert find_blocked(applied, "An acme rocket") is not None
    assert find_blocked(applied, "A pistol") is None
    assert find_blocked(PolicyRegistry().apply(load_policy("child", 13)), "An acme rocket") is None


def test_own_policy_that_extends_ours_changes_only_what_it_names(tmp_path: Path) -> None:
    changes = '[input]\npersonal_data = "off"\n[judge.least]\nage_fit = 0.9\n[moderation]\nthreshold = 0.2\n'
    (tmp_path / "child.toml").write_text(f'extends = "child"\n{changes}', encoding="utf-8")
    ours, own = load_policy("child"), PolicyRegistry(tmp_path).find("child")
    assert (own.input.injection, own.input.personal_data) == (ours.input.injection, "off")
    assert own.judge.least == {**ours.judge.least, "age_fit": 0.9}
    assert (own.judge.blocks, own.moderation.threshold) == (ours.judge.blocks, 0.2)
    assert (own.rules, own.bands, own.gate) == (ours.rules, ours.bands, ours.gate)


@pytest.mark.parametrize(
    "text",
    [
        "rules = 3",
        "not toml",
        'extends = "nobody"',
        '[[rules]]\nwords = "nothing"',
        '[[rules]]\ncategory = "x"\nseverity = "grave"\nadvice = "y"\n[rules.terms]\nen = ["z"]',
        '[[rules]]\ncategory = "x"\nseverity = "low"\nadvice = "y"\nnoted_in = ["9-11"]\n[rules.terms]\nen = ["z"]',
        'gate = "later"',
    ],
)
def test_own_policy_that_is_wrong_stops_the_start_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"^STORYWIRE_POLICY_DIR: mine\.toml"):
        load_settings(policy_dir=tmp_path, _env_file=None)


def test_policy_folder_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="STORYWIRE_POLICY_DIR: there is no folder"):
        load_settings(policy_dir=tmp_path / "none", _env_file=None)
