"""What the word rules find beyond plain words: odd spelling, Hebrew forms, frames; and what they leave alone."""

import pytest

from workflows.safety.check import check_input, check_sections
from workflows.safety.hebrew import expand
from workflows.safety.policy import load_policy
from workflows.safety.registry import PolicyRegistry
from workflows.safety.rules import find_blocked
from workflows.state import Section

CHILD = load_policy("child", 7)


def stops(text: str) -> bool:
    return find_blocked(CHILD, text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "ᴋɪʟʟ it",
        "🅺🅸🅻🅻 it",
        "🇰🇮🇱🇱 it",
        "🄺🄸🄻🄻 it",
        "k⃝i⃝l⃝l⃝ it",
        "k\u1ab0i\u1dc4l\u20d2l it",
        "кіll it",
        "ΚΙLL it",
        "a рistоl",
        "a ƿistol or a piѕtol",
        "k.i.l.l it",
        "k*i*l*l it",
        "k i l l it",
        "k\ni\nl\nl",
        "k\u200bi\u200bl\u200bl it",
        "ki.ll it",
        "mur-\nder",
        "mur*der",
        "k1ll it",
        "k|ll it",
        "k!ll it now!",
        "k*ll it",
        "m#rder",
        "f**k",
        "s***",
        "kiiiillll it",
        "x" * 5000 + " kill " + "y" * 5000,
        "z" * 60 + "qmurderq" + "zy" * 60,
        ("A calm day. " * 400) + "They kill. " + ("A calm day. " * 400),
    ],
)
def test_find_in_a_hidden_spelling_finds_the_blocked_word(text: str) -> None:
    assert stops(text)


@pytest.mark.parametrize(
    "text",
    [
        "**The girl who** sang went home.",
        "He'll come, and we'll see.",
        "A flag 🇸🇪 and a kite.",
        "J. R. R. Tolkien wrote a b c.",
        "Он шёл в лес и пел.",
        "un*believ*able",
        "The well-known co-op.",
        "ס ו ן",
    ],
)
def test_find_in_ordinary_marks_finds_nothing(text: str) -> None:
    assert not stops(text)


@pytest.mark.parametrize(
    "text",
    [
        "Moby-Dick for beginners",
        "the bullet ant and the leaf",
        "the pistol shrimps' bubbles",
        "the corpse flower blooms",
        "a vampire squid",
        "an ass and an ox at Christmas",
        "the cock that crowed too early",
        "a box of liquorice",
        "gas the balloon and fly",
        "She beat her brother at chess.",
        "He kicked the boy's ball over the fence.",
        "Never put a fork into the socket.",
        "It hit the nail with a hammer.",
        "הרובוט מיין כביסה",
        "ארוחה מזינה ומזין",
        "הם הרגו את הזמן במשחק",
        "אקדח הדבק נגמר",
        "הבירה של צרפת היא פריז",
    ],
)
def test_find_in_harmless_company_finds_nothing(text: str) -> None:
    assert not stops(text)


@pytest.mark.parametrize(
    "text",
    [
        "a killer-whale family",
        "a cocktail-dress for a doll",
        "cocktail-umbrellas",
        "assassin-bugs",
        "killer-bees",
    ],
)
def test_harmless_compound_with_a_hyphen_finds_nothing(text: str) -> None:
    assert not stops(text)


@pytest.mark.parametrize("text", ["דג הדקר שחה", "הדקר הלבן", "האות זין", "זין היא אות"])
def test_hebrew_homograph_in_harmless_company_finds_nothing(text: str) -> None:
    assert not stops(text)


@pytest.mark.parametrize("text", ["הוא דקר אותו", "דקר הלבן את השומר", "איזה זין"])
def test_hebrew_homograph_alone_is_found(text: str) -> None:
    assert stops(text)


@pytest.mark.parametrize(
    "text", ["a killer-man", "kill-the-man", "a cocktail-party", "kil-ler whale is a kil-ler"]
)
def test_hyphen_hides_no_blocked_word(text: str) -> None:
    assert stops(text)


@pytest.mark.parametrize(
    "text",
    [
        "The bandit struck the old farmer with a chain.",
        "She plunged the dagger deep into the guard's chest.",
        "They threw the poor little girl off the cliff.",
        "He stuck a hairpin into the socket.",
        "Refugees are just vermin.",
        "You are such a stupid cow.",
        "He swallowed a whole handful of pills.",
        "הוא הרביץ לילדה במקל",
        "היא דחפה סיכה לשקע",
        "המהגרים הם פושעים",
    ],
)
def test_find_by_frames_finds_who_does_what_to_whom(text: str) -> None:
    assert stops(text)


def test_frame_ends_with_its_sentence() -> None:
    assert stops("He kicked the old dog")
    assert not stops("He kicked. The old dog slept.")


@pytest.mark.parametrize(
    "text",
    ["ארצח אותו", "רצחתי", "נהרוג אותם", "מהרוצח", "כרוצח", "וכשהרוצחים באו", "אתאבד", "עישנתי", "נשתכר"],
)
def test_find_in_hebrew_knows_persons_tenses_and_prefixes(text: str) -> None:
    assert stops(text)


def test_expand_of_a_root_makes_its_forms_with_the_letters_of_a_words_end() -> None:
    forms = expand("paal ערף + את ראשו")
    assert {"ערף את ראשו", "ערפתי את ראשו", "יערוף את ראשו", "עורפים את ראשו"} <= set(forms)
    with pytest.raises(ValueError, match="no pattern of Hebrew"):
        expand("polel רצח")


@pytest.mark.parametrize("name", ["Uzi", "Brandy", "Dick", "Kike", "דקר"])
def test_name_of_a_reader_is_never_judged_as_a_word(name: str) -> None:
    given = {"theme": "a lighthouse", "reader": {"name": name}}
    policy = CHILD.with_names((name,))
    assert check_input(policy, given)["approved"]
    assert find_blocked(policy, f"{name} walked to the light.") is None


def test_name_is_judged_as_a_word_where_it_isnt_written_as_a_name() -> None:
    policy = CHILD.with_names(("Dick", "Uzi", "דקר"))
    for text in ("You dick!", "He pointed an uzi at them.", "הוא דקר אותו בגב"):
        assert find_blocked(policy, text) is not None, text


@pytest.mark.parametrize("name", ["Fuck", "זונה", "You are worthless and I hate you, go away."])
def test_name_that_nobody_is_called_is_refused(name: str) -> None:
    assert not check_input(CHILD, {"reader": {"name": name}})["approved"]


def test_names_of_an_input_are_known_to_the_policy_of_its_text() -> None:
    from workflows.formats.story.input import StoryInput

    inputs = StoryInput.model_validate({"theme": "a boat", "reader": {"name": "Uzi Levi"}})
    policy = PolicyRegistry().apply(CHILD, inputs)
    assert policy.names == ("Uzi Levi", "Uzi", "Levi")
    assert (policy.label, policy.lexicon) == (CHILD.label, CHILD.lexicon)


def test_check_sections_finds_a_phrase_over_the_border_of_two_sections() -> None:
    texts = ["A wolf came. The hunter shot", "him at dawn. All was calm."]
    verdict = check_sections(CHILD, {i: Section(index=i, text=text) for i, text in enumerate(texts)})
    assert [(issue["section"], issue["category"]) for issue in verdict["issues"]] == [(1, "violence")]
    assert not verdict["approved"]
