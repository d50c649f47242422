"""Blocked words are found however they are spelt, and only as whole words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.safety.check import check_sections, find_issues
from workflows.safety.policies.policy import Policy, Rule
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.rules import find
from workflows.safety.words.folding import fold
from workflows.safety.words.lexicon import Lexicon, split_words
from workflows.state import Section

CHILD = load_policy("child")
INVISIBLE = "\u00ad\u034f\u061c\u200b\u200c\u200d\u200e\u2060\u2063\u2066\u2069\ufe0f\ufeff\U000e0041"


def categories(text: str) -> set[str]:
    return {finding.rule.category for finding in find(CHILD, text)}


def policy_of(*terms: str, blocked: bool = True) -> Policy:
    rule = Rule(category="test", severity="high", blocked=blocked, advice="Don't.", terms={"en": list(terms)})
    return Policy(name="test", rules=(rule,))


@pytest.mark.parametrize(
    "text",
    [
        "Scunthorpe has a cockpit on show.",
        "With skill he had begun; the therapist smiled.",
        "An assassin bug and a grape sat in the grass.",
        "The heroine drew a shitake and a sextant.",
        "Warm bombazine, gunwale and begonias.",
        "The tortoise said dammit in Essex.",
        "An analyst passed the class and the cockatoo.",
        "The diet of the diesel duck.",
        "יש כאן כל מיני פירות.",
        "היא אכלה רימון מתוק.",
        "הטבח אפה עוגה, וטבח אחר עזר לו.",
        "כל גופה רעד מקור.",
        "הסבתא הביאה מזונות.",
    ],
)
def test_find_in_innocent_words_finds_nothing(text: str) -> None:
    assert categories(text) == set()


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("He wanted to kill the dragon.", "violence"),
        ("He wanted to KILL the dragon.", "violence"),
        ("“Kill!”", "violence"),
        ("kill", "violence"),
        ("It was murderous.", "violence"),
        ("He shot\u00a0him.", "violence"),
        ("She said _kill_ and **ran**.", "violence"),
        ("A machine  gun stood there.", "weapons"),
        ("ｋｉｌｌ", "violence"),
        ("𝐤𝐢𝐥𝐥 and 𝓴𝓲𝓵𝓵", "violence"),
        ("KİLL", "violence"),
        ("k\u0301i\u0308ll", "violence"),
        ("síx gúns", "weapons"),
        ("בידו היה אקדח.", "weapons"),
        ("הוא רצח.", "violence"),
        ("הוא רָצַח.", "violence"),
        ("הרוצח ברח.", "violence"),
        ("ובאקדח הזה.", "weapons"),
        ("היה שם פורנוגרפיה", "sexual"),
    ],
)
def test_find_in_odd_spelling_finds_the_blocked_word(text: str, category: str) -> None:
    assert categories(text) == {category}


@given(st.sampled_from(["murder", "pistol", "רוצח"]), st.data())
def test_find_with_invisible_characters_anywhere_finds_the_word(word: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(word)))
    hidden = data.draw(st.text(st.sampled_from(INVISIBLE), min_size=1, max_size=3))
    assert find(CHILD, f"A {word[:position]}{hidden}{word[position:]}, then.")


# Not the letters at the terms' own ends: "killl" is a drawn-out "kill".
@given(st.sampled_from(["kill", "gun", "רצח"]), st.sampled_from("bdehmprtwxzDÉßøדגתט29"))
def test_find_inside_a_longer_word_finds_nothing(term: str, letter: str) -> None:
    policy = policy_of(term)
    assert find(policy, f"a {term} b")
    assert not find(policy, f"a {term}{letter} b")
    assert not find(policy, f"a {letter}{term} b")


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_fold_twice_changes_nothing_more(text: str) -> None:
    # Folding case may bring forth what compatibility takes apart again, hence the third time.
    assert fold(fold(fold(text))) == fold(fold(text))


def holds(term: str, text: str) -> bool:
    return any(Lexicon([(term, None)]).find(text, split_words(text)))


def test_lexicon_with_a_star_takes_any_ending_and_without_none() -> None:
    assert holds("strang*", "strangled")
    assert holds("strang*", "strang")
    assert not holds("strang", "strangled")
    assert holds("got high", "got \n high")
    assert not holds("got high", "got ..... high")


def test_find_quotes_the_longest_term_of_a_rule_once() -> None:
    (finding,) = find(policy_of("kill", "kill myself"), "I'd kill myself, kill, KILL")
    assert finding.quote == "kill myself"


def test_every_term_of_the_childrens_policy_is_found_by_its_own_rule() -> None:
    for rule in CHILD.rules:
        for terms in rule.terms.values():
            for term in terms:
                assert rule.category in categories(f"x {term.removesuffix('*')} y"), term


def test_policy_that_is_not_there_is_never_guessed() -> None:
    with pytest.raises(FileNotFoundError):
        load_policy("grown-ups")


def sections(*texts: str) -> dict[int, Section]:
    return {index: Section(index=index, text=text) for index, text in enumerate(texts)}


def test_check_sections_of_innocent_text_approves_with_full_score() -> None:
    verdict = check_sections(CHILD, sections("A warm day.", "Skill begun."))
    assert verdict == {"stage": "final", "approved": True, "score": 1.0, "issues": []}


def test_check_sections_with_a_blocked_word_names_section_quote_and_advice() -> None:
    verdict = check_sections(CHILD, sections("A warm day.", "All well. He drew a PISTOL. Then peace."))
    (issue,) = verdict["issues"]
    assert not verdict["approved"]
    assert verdict["score"] == 0.8
    assert (issue["section"], issue["quote"], issue["category"]) == (1, "pistol", "weapons")
    assert issue["advice"]


def test_check_sections_with_a_word_that_is_only_noted_approves() -> None:
    verdict = check_sections(CHILD, sections("A dead leaf fell."))
    assert verdict["approved"]
    assert verdict["score"] == 0.95
    assert [issue["category"] for issue in verdict["issues"]] == ["fright"]


def test_check_sections_with_very_much_to_find_never_scores_below_zero() -> None:
    verdict = check_sections(CHILD, sections("They kill. " * 20))
    assert (verdict["approved"], verdict["score"], len(verdict["issues"])) == (False, 0.0, 20)


def test_find_issues_looks_into_every_text_of_a_plain_value() -> None:
    outline = {"title": "A pistol", "sections": [{"index": 0, "summary": "All is well, then they kill."}]}
    issues = find_issues(CHILD, outline)
    assert [(issue["category"], issue["quote"]) for issue in issues] == [
        ("weapons", "pistol"),
        ("violence", "kill"),
    ]
    assert all("section" not in issue for issue in issues)


def test_find_issues_leaves_out_what_is_only_noted_and_what_is_no_text() -> None:
    assert find_issues(CHILD, {"title": "A dead leaf", "n": 3, "nothing": None, "words": ["warm", 1.5]}) == []
