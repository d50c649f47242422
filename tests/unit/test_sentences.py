"""Sentences: where a reader would end them, in one piece or as they stream, for everybody who cuts a text."""

import textwrap

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflows.formats.speech.filter.script_filter import ScriptFilter
from workflows.formats.speech.speakers.cast import Cast
from workflows.models.embedded.sentences import SentenceBuffer
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.screen import SentenceFilter
from workflows.text.sentences import (
    LONGEST_SENTENCE,
    SentenceSplitter,
    ends_sentence,
    ends_with_abbreviation,
    find_sentence_end,
    last_sentence_end,
    split_sentences,
)
from workflows.text.streams.length import Room, Trimmer

texts = st.text(st.sampled_from("ab .!?…\"'”’»)]\n。！שx-_1«[") | st.characters(), max_size=60)

NEVER_LAST = (
    *("Dr.", "Mr.", "Mrs.", "Prof.", "Gen.", "Capt.", "vs.", "e.g.", "i.e.", "approx.", "J.", "K."),
    *("St.", "Ave.", "Jr.", "a.m.", "U.S.", "Ph.D.", "etc.", "Jan.", "Inc.", "ד.", "פרופ'.", "г."),
)
_ABBREVIATED = st.builds(
    lambda word, before, after: f"{word} {before} {after}",
    st.sampled_from(["She", "ילד", "Мама", "The nurse", "Old"]),
    st.sampled_from(
        [*NEVER_LAST, "no. 5", "Fig. 2", "3.14", "https://a.org/b.c?d=e", "(Dr. Levi)", "well-known"]
    ),
    st.sampled_from(
        ["Levi called.", "Maya laughed!", "“Ben?” rang", "7 left…", "כהן הלך.", "peers at [1] it.[2]"]
    ),
)
prose = st.lists(
    _ABBREVIATED
    | st.sampled_from(
        [
            "He said no.",
            "天很冷。",
            "「そうだ。」と",
            "「はい。」とても",
            "1. Wash.",
            "",
            "A heading\n",
            "x" * 150,
            "«Oui ! »",
            "Dr.\nLevi",
        ]
    )
    | st.sampled_from(
        ["and so\non it", "old\nMr. Day", "to see\nMaya: Yes", "at 9 a.m.\nBen", "EE. UU.", "no.\nIV"]
    ),
    max_size=12,
).map(" ".join)


def stream(text: str, sizes: list[int], language: str | None = None) -> list[str]:
    splitter = SentenceSplitter(language)
    sentences, place = [], 0
    for size in [*sizes, len(text) or 1]:
        sentences += splitter.feed(text[place : place + size])
        place += size
    return sentences + splitter.close()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three", ["One.", " Two!", " Three"]),
        ("“Stop!” she said. He did.", ["“Stop!”", " she said.", " He did."]),
        ("Pi is 3.14 here. End.", ["Pi is 3.14 here.", " End."]),
        ("Well… Yes?! No.", ["Well…", " Yes?!", " No."]),
        ("A line\n\nAnother", ["A line\n\n", "Another"]),
        ("天。地", ["天。", "地"]),
        ("他说：「走吧！」然后走了！？好。", ["他说：「走吧！」", "然后走了！？", "好。"]),
        ("次の文「そうだ。」と言った。終わり。", ["次の文「そうだ。」と言った。", "終わり。"]),
        ("「やめて！」って叫び、『はい。』などと笑う。次。", ["「やめて！」って叫び、『はい。』などと笑う。", "次。"]),
        ("「そうだ。」ところが雨。とても「え？」な目。", ["「そうだ。」", "ところが雨。", "とても「え？」", "な目。"]),
        ("She asked old Dr. Levi. He smiled.", ["She asked old Dr. Levi.", " He smiled."]),
        ("J. K. Rowling wrote it. Good.", ["J. K. Rowling wrote it.", " Good."]),
        ("Drink, e.g. milk, i.e. a lot. Then rest.", ["Drink, e.g. milk, i.e. a lot.", " Then rest."]),
        ("Come at 9 a.m. Maria waits.", ["Come at 9 a.m. Maria waits."]),
        ("Come at 9 a.m. The ward wakes.", ["Come at 9 a.m.", " The ward wakes."]),
        ("Tea, milk, etc. Then we left.", ["Tea, milk, etc.", " Then we left."]),
        ("She said no. 5 came. She said no. Maya left.", ["She said no. 5 came.", " She said no.", " Maya left."]),
        ("1. Wash. 2. Dry. iv. Go.", ["1. Wash.", " 2. Dry.", " iv. Go."]),
        ("In 1999. In class 5. Then", ["In 1999.", " In class 5.", " Then"]),
        ("At a.org/b.html. Or https://a.org/?b=c. Yes", ["At a.org/b.html.", " Or https://a.org/?b=c.", " Yes"]),
        ("(So it was.) Then *he left.* Bye", ["(So it was.)", " Then *he left.*", " Bye"]),
        ("It helps.[1][23] It does.", ["It helps.[1][23]", " It does."]),
        ("« Viens ! » dit-il. »Halt!« rief er.", ["« Viens ! »", " dit-il.", " »Halt!«", " rief er."]),
        ("ד\"ר לוי ופרופ'. כהן. שלום! א. ב. יהושע כתב.", ["ד\"ר לוי ופרופ'. כהן.", " שלום!", " א. ב. יהושע כתב."]),
        ("كيف حالك؟ بخير. यह है। वह", ["كيف حالك؟", " بخير.", " यह है।", " वह"]),
    ],
)  # fmt: skip
def test_split_sentences_cuts_where_a_reader_would(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("de", "Am 5. Mai kam Hr. Maier, z. B. mit Tee usw. Dann ging er.",
         ["Am 5. Mai kam Hr. Maier, z. B. mit Tee usw.", " Dann ging er."]),
        ("de", "Er wurde 5. Dann kam sie.", ["Er wurde 5.", " Dann kam sie."]),
        ("fr", "Cf. p. 5 et MM. Blanc, etc. Elle rit.", ["Cf. p. 5 et MM. Blanc, etc.", " Elle rit."]),
        ("es", "El Sr. Paz y la Dra. Gil. Luego rió.", ["El Sr. Paz y la Dra. Gil.", " Luego rió."]),
        ("pt-BR", "A Sra. Reis saiu. O dia acabou.", ["A Sra. Reis saiu.", " O dia acabou."]),
        ("ru", "Это т. е. ул. Ленина и т. д. Потом он ушёл.", ["Это т. е. ул. Ленина и т. д.", " Потом он ушёл."]),
        (None, "Vgl. Nr. 5 bzw. Abs. 2. Im ул. Ленина.", ["Vgl. Nr. 5 bzw. Abs.", " 2. Im ул. Ленина."]),
        ("und", "Old Dr. Levi. He left.", ["Old Dr. Levi.", " He left."]),
    ],
)  # fmt: skip
def test_split_sentences_knows_the_abbreviations_of_the_language(
    language: str | None, text: str, sentences: list[str]
) -> None:
    assert split_sentences(text, language) == sentences


NAMES_IN = {
    "en": ["She met Amb. Rice today.", "See ch. 5 and eq. (4).", "Read chs. II and sec. IV.", "At Ste. Anne's.",
           "It is in vol. II, pt. 2 of the Ph. D. thesis."],
    "de": ["Sie rief Prof.Dr. Maier an.", "Dr. med. Levi kam.", "Hr. Dr. h.c. Katz, s. u. S. 5, lacht.",
           "Ex-Gen. Wolf ging."],
    "fr": ["Elle a vu le Dr. Levi hier.", "Me. Blanc et Mme. Roux, p. ex. lundi, sont là.", "Voir ch. 5 et M. Hugo."],
    "es": ["El Dr. Paz de EE. UU. firmó.", "La Excma. Sra. Gil y P. Neruda, p. ej. así.",
           "Los JJ. OO. y las FF. AA. vinieron."],
    "it": ["La dott.ssa Rossi e il Prof. Neri.", "Ad es. la Sig.ra Verdi.", "La S. Messa di Mons. Levi."],
    "pt": ["A Dra. Reis e o Ilmo. Sr. Silva.", "Por ex. assim, na p. 5.", "O Ten. Cel. Levi saiu."],
    "nl": ["Ds. de Vries en mw. Smit.", "Zie bijl. 5 van ir. Levi.", "De hr. Katz kwam."],
    "da": ["Hr. Holm og fru Dr. Levi.", "Skt. Peter og kapt. Berg.", "Se s. 5, f.eks. her."],
    "pl": ["Dr. Levi i abp. Nowak.", "Ppłk. Kos, np. dziś.", "Por. s. 5 i św. Jan."],
    "ru": ["Г-н. Котов и д-р. Леви.", "См. с. 5 и Dr. Levi.", "Проф. Иванов, А. С. Пушкин."],
    "uk": ["Д-р. Леві і проф. Кіт.", "Див. с. 5 і Dr. Levi."],
    "bg": ["Д-р. Леви и г-жа. Ива.", "Вж. с. 5 и Dr. Levi."],
    "el": ["Ο δρ. Λεβί και ο καθ. Κατς.", "Βλ. σελ. 5 και Dr. Levi."],
    "fi": ["Prof. Virta ja rva. Aho.", "Esim. s. 5 ja Dr. Levi."],
    "sk": ["MUDr. Novák a Ing. Kos.", "Napr. s. 5 a Dr. Levi."],
    "he": ["הוא פגש את Dr. Levi אתמול.", "ראו עמ'. 5 אצל ד\"ר. כהן.", "ל-Mr. Green ו-Prof. Katz, e.g. היום."],
    "sv": ["Hon mötte Dr. Levi och Prof. Katz."],
}  # fmt: skip
TITLES = (
    "Dr.",
    "Mr.",
    "Mrs.",
    "Ms.",
    "Prof.",
    "St.",
    "Capt.",
    "Lt. Col.",
    "Gen.",
    "Rev.",
    "Sgt.",
    "Amb.",
    "Mme.",
)


@pytest.mark.parametrize(
    ("language", "sentence"), [(name, one) for name in NAMES_IN for one in NAMES_IN[name]]
)
def test_sentence_with_an_abbreviation_of_its_language_is_one_however_it_comes(
    language: str, sentence: str
) -> None:
    text = f"{sentence} {sentence}"
    assert split_sentences(text, language) == [sentence, f" {sentence}"]
    assert stream(text, [1] * len(text), language) == [sentence, f" {sentence}"]


@pytest.mark.parametrize("language", [*NAMES_IN, None])
@pytest.mark.parametrize("title", TITLES)
def test_title_ends_no_sentence_in_any_language(language: str | None, title: str) -> None:
    for space in (" ", "\n"):
        assert split_sentences(f"X y{space}{title}{space}Levi zu. W", language) == [
            f"X y{space}{title}{space}Levi zu.",
            " W",
        ]


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("en", "She asked the old\nDr. Levi. He smiled.", ["She asked the old\nDr. Levi.", " He smiled."]),
        ("en", "She asked Dr.\nLevi about it,\nand left.\nHe slept.",
         ["She asked Dr.\nLevi about it,\nand left.", "\n", "He slept."]),
        ("en", "She saw old Dr.\n\nLevi slept.", ["She saw old Dr.\n\n", "Levi slept."]),
        ("en", "At 9 a.m.\nMaya woke.\n\nAt 9 a.m.\nThe ward woke.",
         ["At 9 a.m.\nMaya woke.", "\n\n", "At 9 a.m.", "\n", "The ward woke."]),
        ("en", "The river bends\nSo does the road\nand the sky",
         ["The river bends\n", "So does the road\nand the sky"]),
        ("en", "HOST: tea, milk, etc.\nGUEST: Yes\nDr. Levi: No",
         ["HOST: tea, milk, etc.\n", "GUEST: Yes\n", "Dr. Levi: No"]),
        ("en", "We have tea etc.\n- milk\nor water", ["We have tea etc.\n", "- milk\nor water"]),
        ("en", "She said no.\nmaya left", ["She said no.", "\n", "maya left"]),
        ("de", "Er kam am 5.\nMai an. Gut", ["Er kam am 5.\nMai an.", " Gut"]),
        ("he", "הוא ביקר אצל\nד\"ר לוי. טוב", ["הוא ביקר אצל\n", "ד\"ר לוי.", " טוב"]),
        ("he", "הוא ביקר אצל ד\"ר.\nלוי. טוב", ["הוא ביקר אצל ד\"ר.\nלוי.", " טוב"]),
        ("es", "Vive en EE. UU. Luego vino.", ["Vive en EE. UU.", " Luego vino."]),
        ("en", "It was World War II. Maya slept.", ["It was World War II.", " Maya slept."]),
        ("pl", "Miała zły sen. Potem wstała.", ["Miała zły sen.", " Potem wstała."]),
        ("de", "Ich danke dir. Komm!", ["Ich danke dir.", " Komm!"]),
        ("fr", "Il passe le col. Puis il rit.", ["Il passe le col.", " Puis il rit."]),
    ],
)  # fmt: skip
def test_sentence_goes_on_over_a_wrapped_line_and_no_further(
    language: str, text: str, sentences: list[str]
) -> None:
    assert split_sentences(text, language) == sentences
    for size in (1, 2, 3, 5, 8):
        assert stream(text, [size] * len(text), language) == sentences


@pytest.mark.parametrize(
    ("text", "end"), [("Old Dr.\n", 0), ("He was old\n", 0), ("He was old\n\n", 12), ("Old\n", 4)]
)
def test_last_sentence_end_waits_for_the_line_after_one_that_may_be_wrapped(text: str, end: int) -> None:
    assert last_sentence_end(text) == end


@given(texts | prose)
def test_split_sentences_joined_is_the_text_again(text: str) -> None:
    sentences = split_sentences(text)
    assert "".join(sentences) == text
    assert all(sentences)


@given(texts | prose, st.lists(st.integers(1, 9)), st.sampled_from([None, "en", "de", "he"]))
@example("Old Dr. Levi at 9 a.m. The end.[1] Then", [1] * 60, None)
@example("a." * 700 + " " + "word " * 400 + "« Oui ! » " * 200 + "x" * 2500 + " etc." * 400, [1] * 9000, "en")
def test_sentences_of_a_stream_are_those_of_the_whole_however_it_is_cut(
    text: str, sizes: list[int], language: str | None
) -> None:
    assert stream(text, sizes, language) == split_sentences(text, language)


@given(prose)
def test_no_sentence_but_the_last_ends_after_an_abbreviation(text: str) -> None:
    assert not [
        sentence for sentence in split_sentences(text)[:-1] if sentence.rstrip(" ”\"'").endswith(NEVER_LAST)
    ]


@given(st.text(st.sampled_from("ab. «x\n"), min_size=1).map(lambda unit: (unit * 5000)[:5000]))
def test_sentences_and_what_a_stream_holds_have_a_longest_length(text: str) -> None:
    splitter = SentenceSplitter()
    for character in text:
        assert all(len(sentence) <= LONGEST_SENTENCE for sentence in splitter.feed(character))
        assert len(splitter.rest) < 1.2 * LONGEST_SENTENCE


def test_sentence_that_is_too_long_is_cut_between_words() -> None:
    sentences = split_sentences("word " * 500)
    assert all(990 < len(sentence) <= LONGEST_SENTENCE for sentence in sentences[:-1])
    assert all(
        sentence.strip().startswith("word") and sentence.endswith("word") for sentence in sentences[:-1]
    )


@given(texts)
def test_last_sentence_end_is_where_the_last_cut_falls(text: str) -> None:
    end = last_sentence_end(text)
    assert 0 <= end <= len(text)
    assert last_sentence_end(text[end:]) == 0
    sentences = split_sentences(text)
    assert end in (len(text), len(text) - len(sentences[-1]) if sentences else 0)


@given(texts | prose, texts)
def test_last_sentence_end_with_more_text_never_goes_back(text: str, more: str) -> None:
    assert last_sentence_end(text + more) >= last_sentence_end(text)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", 0),
        ("No end", 0),
        ("Perhaps not over.", 0),
        ("Over. ", 5),
        ("He said “Stop!” and", 15),
        ("3.14", 0),
        ("Line\n", 5),
        ("At 9 a.m. The", 0),
        ("At 9 a.m. The ", 9),
    ],
)
def test_last_sentence_end_waits_for_what_follows(text: str, end: int) -> None:
    assert last_sentence_end(text) == end
    assert (find_sentence_end(text) or 0) == (0 if text.endswith("\n") else end)


@pytest.mark.parametrize(
    ("text", "is_end", "is_abbreviation"),
    [
        ("It ended.", True, False),
        ("It ended.” \n", True, False),
        ("天。」", True, False),
        ("It ended", False, False),
        ("Old Dr.", False, True),
        ("(by J.)", False, True),
        ("at 9 a.m.", False, True),
        ("3.", False, True),
        ("It was no.", True, False),
        ("", False, False),
    ],
)
def test_ends_sentence_of_a_text_by_itself(text: str, is_end: bool, is_abbreviation: bool) -> None:
    assert ends_sentence(text) == is_end
    assert ends_with_abbreviation(text) == is_abbreviation


# Everybody who cuts a text.

NAMES = (
    "The patient was very calm today. She asked old Dr. Levi about the pills. Mr. J. R. Owl of St. Mary's came at "
    "9 a.m. with Prof. Katz and Mrs. Day, e.g. on Jan. 5. "
)


@given(prose, st.integers(1, 40), st.integers(1, 9))
@example("The patient was very calm today. She asked old Dr. Levi about the pills at noon.", 8, 1)
@example(NAMES * 5, 39, 3)
def test_text_that_is_cut_to_its_length_never_ends_after_an_abbreviation(
    text: str, target: int, size: int
) -> None:
    trimmer = Trimmer(Room(max(1, target - 8), target, target + 8))
    given = "".join(trimmer.feed(text[start : start + size]) for start in range(0, len(text), size))
    given += trimmer.close()
    if trimmer.is_full:
        assert not given.rstrip("”\"'").endswith(NEVER_LAST)


@pytest.mark.parametrize("width", [1000, 70, 55])
@pytest.mark.parametrize("target", range(10, 40))
def test_prose_full_of_abbreviations_cut_to_any_length_ends_with_a_sentence(target: int, width: int) -> None:
    trimmer = Trimmer(Room(max(1, target - 20), target, target + 20))
    given = "".join(map(trimmer.feed, textwrap.fill(NAMES * 9, width))) + trimmer.close()
    assert given.endswith(("today.", "pills.", "Jan. 5."))


def test_gate_shows_no_half_of_a_sentence_with_an_abbreviation() -> None:
    screen = SentenceFilter(load_policy("child", 7))
    shown = [
        screen.feed(piece)
        for piece in ("Old Dr. ", "Owl met Mrs. ", "Fox at 9 a.m. ", "Rabbit sang. ", "Then")
    ]
    assert shown == ["", "", "", "Old Dr. Owl met Mrs. Fox at 9 a.m. Rabbit sang.", ""]


def test_script_gives_no_half_of_a_sentence_with_an_abbreviation() -> None:
    one = ScriptFilter(Cast(("HOST",)), "de")
    assert [one.feed(piece) for piece in ("HOST: Hr. ", "Maier kam am 5. ", "Mai. ", "Gut")] == [
        "",
        "",
        "HOST: Hr. Maier kam am 5. Mai.",
        "",
    ]


def test_embedded_model_says_no_half_of_a_sentence_with_an_abbreviation() -> None:
    buffer = SentenceBuffer("", "", "")
    assert [
        *buffer.feed("She met Prof. "),
        *buffer.feed("Owl of St. "),
        *buffer.feed("Mary's. They met Capt."),
    ] == ["She met Prof. Owl of St. Mary's."]
    assert list(buffer.finish()) == []
