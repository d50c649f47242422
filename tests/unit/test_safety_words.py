"""What the word rules find beyond plain words: odd spelling, Hebrew forms, frames; and what they leave alone."""

import pytest

from workflows.safety.check import check_input, check_sections
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.policies.registry import PolicyRegistry
from workflows.safety.rules import find_blocked
from workflows.safety.words.hebrew import expand
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


def test_frame_and_what_pardons_it_reach_over_a_title() -> None:
    assert stops("Meet Mr. Levi at night and tell nobody.")
    assert not stops("Meet him. Levi is ill at night and tells nobody.")
    assert not stops("Don't tell mum that Mrs. Levi gave you a secret present.")


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


@pytest.mark.parametrize("name", ["Uzi", "Brandy", "Dick", "Kike", "דקר", "J. Dick", "Mr. Dick"])
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


@pytest.mark.parametrize(
    "text",
    [
        "The train from Sheffield stops in Penistone at noon.",
        "Our cousins live in Penistone, Scunthorpe and Lightwater.",
        "We camped near Intercourse, Pennsylvania.",
        "The Bitchfield church has a tall tower.",
        "We drove through Wetwang and Twatt in Orkney.",
        "Bastardstown is a place in Wexford.",
        "Fuckersberg changed its name.",
        "Fucking, Austria, is called Fugging now.",
        "Murderkill River flows in Delaware.",
        "She was hell-bent on winning the race.",
        "He drove hell-for-leather down the lane.",
        "The gun-shy dog hid.",
        "It was a shotgun-seat trip.",
        "A bomb-proof box and a bullet-proof vest hung there.",
        "A rum-soaked cake and wine-red curtains.",
        "The beer-brown river.",
        "The ass-drawn cart went uphill.",
        "Sex-linked genes are a topic.",
        "kill-or-cure remedies",
        "The coffin-shaped box was a guitar case.",
        "Demon-red apples",
        "vampire-themed party",
        "A demon-slaying game",
        "The weed-killer stood in the shed; slug-killer too.",
        "A damn-fool idea",
        "tobacco-brown shoes",
        "A dynamite-haired rock star",
        "They were put to bed.",
        "He shot the ball down the field.",
        "She took her brother's lifejacket.",
        "The vet put the old dog down gently.",
        "He ran the team through the drill.",
        "The judge had the boy stand up.",
        "The frost cut the flowers down.",
        "She knocked his hat off.",
        "He left his brother dead tired.",
        "Dad tickled us to death.",
        "The soldiers put everyone to work.",
        "The clown scared the man to death.",
        "They hung the pictures up.",
        "The girl took the king's life story to the printer.",
        "Grandma strung the beads up on the tree.",
        "He struck the gong at noon.",
        "She wrung the wet towel out.",
        "The drowned village lay under the lake.",
        "The sheriff cut the rope down.",
        "Photo-bombing is fun.",
    ],
)
def test_names_of_places_compounds_and_figures_of_speech_find_nothing(text: str) -> None:
    assert not stops(text)


@pytest.mark.parametrize(
    "text",
    [
        "זה להרוג שתי ציפורים במכה אחת.",
        "עבדנו עד זוב דם על ההצגה.",
        "הסרט היה פצצה.",
        "המסיבה הייתה פצצה, איזו עוגה!",
        "היא נראית פצצה בשמלה החדשה.",
        "הוא טיל בכדורסל.",
        "הוא טס כמו טיל לכיתה.",
        "סבתא הכינה מרק רצח טעים.",
        "איזה כאב ראש רצח.",
        "הקור הורג אותי.",
        "הוא שוחט את הגיטרה.",
        "חתכנו את העוגה לגזרים קטנים.",
        "חנק אותי הצחוק.",
        "חם לי רצח.",
        "שתי גופות של מזגן עמדו במחסן.",
        "השד יודע איפה הכובע.",
        "הסקרנות הרגה אותי.",
        "הרג אותי הצחוק.",
        "היא הרוגה מעייפות.",
    ],
)
def test_hebrew_figures_of_speech_find_nothing(text: str) -> None:
    assert not stops(text)


@pytest.mark.parametrize(
    "text",
    [
        "The robber shot his father dead.",
        "He shot the old farmer dead.",
        "They shot three of the guards dead at the gate.",
        "She stabbed the king to death in his sleep.",
        "He beat his wife to a pulp.",
        "The soldiers put every one of the villagers to the sword.",
        "They burned the whole family to death in the barn.",
        "He ran the old man through with his sword.",
        "He blew the guard's brains out.",
        "He did the old woman in with an axe.",
        "He bludgeoned his neighbour to death.",
        "The gang kicked the boy half to death.",
        "He cut the shepherd down where he stood.",
        "They mowed the peasants down like grass.",
        "The bandit struck the merchant dead with one blow.",
        "He put a bullet through his brother's head.",
        "She choked the life out of him.",
        "He had his own brother put out of the way for good.",
        "He took the guard's life.",
        "She took her husband's life with poison.",
        "The thief left the watchman dead on the floor.",
        "He drowned his little brother in the well.",
        "They put the old dog down with a shovel.",
        "They strung the rebel up from a tree.",
        "He wrung the boy's neck.",
        "The killer finished the wounded man off.",
        "He knocked the boy's teeth out.",
        "He gunned the shopkeeper down.",
        "Fuck-shaped and bitch-like things.",
        "kill-your-brother",
        "You Assham of a kid, fuck you.",
    ],
)
def test_killing_is_found_with_its_victim_between_verb_and_end(text: str) -> None:
    assert stops(text)
