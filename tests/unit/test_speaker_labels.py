"""Who speaks: every way in which models write a speaker, what is speech in spite of its colon, and strangers."""

from collections.abc import Sequence
from time import thread_time

import pytest

from workflows.formats.education_audio.cast import CASTS, STYLE
from workflows.formats.education_audio.input import Speakers
from workflows.formats.podcast.dialogue import Dialogue
from workflows.formats.speech.filter.script_filter import ScriptFilter

SAID = ("Welcome back to the show.", "It left at last?", "It did.")
TALK = "Ada: Welcome back to the show.\n\nBen: It left at last?\n\nAda: It did."
SIZES = (1, 3, 10_000)


def talk(text: str, size: int = 10_000, hosts: Sequence[str] = ("Ada", "Ben")) -> str:
    """An episode's text of a reply that comes in chunks of `size` characters."""
    return run(Dialogue(hosts), text, size)


def lesson(text: str, size: int = 10_000, speakers: Speakers = "doctor_patient", language: str = "en") -> str:
    return run(ScriptFilter(CASTS[speakers], language, style=STYLE), text, size)


def run(script: ScriptFilter, text: str, size: int) -> str:
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    return "".join([*map(script.feed, chunks), script.close()])


# How a model may write a turn. `{n}` is the number of the speaker, `{z}` the same from 0, `{l}` its letter.
WAYS = [
    *("{name}: {said}", "{upper}: {said}", "{lower}: {said}", "{name} : {said}"),
    *("{name}:{said}", "{name}\u00a0: {said}"),
    *("**{name}:** {said}", "**{name}**: {said}", "**{name}:**{said}"),
    *("**{name}: **{said}", "***{name}:*** {said}"),
    *("__{name}:__ {said}", "*{name}:* {said}", "_{name}_: {said}", "**_{name}:_** {said}", "`{name}:` {said}"),
    *("**{name}** {said}", "**{name}: {said}**", "~~{name}:~~ {said}"),
    *("[{name}] {said}", "[{name}]: {said}", "[{name}:] {said}", "**[{name}]** {said}", "**[{name}]:** {said}"),
    *("[**{name}**]: {said}", "({name}) {said}", "({name}): {said}", "({name}:) {said}", "({name}: {said})"),
    *("{{{name}}}: {said}", "【{name}】{said}", "【{name}】：{said}", "[Speaker: {name}] {said}"),
    *("<{name}> {said}", "<{upper}>: {said}", "<{name}>{said}</{name}>", '<Person{n}> "{said}" </Person{n}>'),
    *('<voice name="{name}">{said}</voice>', "<v {name}>{said}</v>", '<turn speaker="{name}">{said}</turn>'),
    *("<p>{name}: {said}</p>", "<p><strong>{name}:</strong> {said}</p>", "**{name}:**<br>{said}<br>"),
    *("{name}：{said}", "{name} ： {said}", "{wide}：{said}"),
    *("{name} – {said}", "{name} — {said}", "{name}—{said}", "{name} - {said}"),
    *("{name} -- {said}", "**{name}** – {said}"),
    *("**{name} –** {said}", "{name} → {said}", "{name} -> {said}", "{name}> {said}"),
    *("{name} (laughing): {said}", "{name} (into the mic, low): {said}", "{name} [warmly]: {said}"),
    *("{name}: (laughing) {said}", "{name}: [laughing] {said}"),
    *("{name}: *laughing* {said}", "{name}, laughing: {said}"),
    *("**{name} (laughing):** {said}", "**{name}** (laughing): {said}", "**{name}** *(laughing)*: {said}"),
    *("{name} (laughing) {said}", "{name} *(laughing)*: {said}", "{name} says: {said}"),
    *("### {name}\n{said}\n", "## {name}:\n\n{said}\n", "### {name}: {said}", "# {name} #\n{said}\n"),
    *("{name}\n{said}\n", "{upper}\n{said}\n", "**{name}**\n{said}\n"),
    *("**{name}:**\n{said}\n", "[{name}]\n{said}\n"),
    *("{upper} (laughing)\n{said}\n", "{upper} (CONT'D)\n{said}\n"),
    *("**{name}**  \n{said}  \n", "    {upper}\n  {said}\n"),
    *("**{upper}**\n\n(softly)\n\n{said}\n", "Speaker: {name}\n{said}\n", "{upper}. {said}"),
    *("- {name}: {said}", "* **{name}:** {said}", "• {name}: {said}"),
    *("1. {name}: {said}", "12) **{name}**: {said}"),
    *("> {name}: {said}", "> **{name}:** {said}", "@{name}: {said}", "| {name} | {said} |", "{name}\t{said}"),
    *('"{name}: {said}"', '"{name}": {said}', '{name}: "{said}"', "{name}: “{said}”", '"{name}": "{said}",'),
    *("'{name}': {said}", "{name}: «{said}»", "„{name}“: {said}"),
    *("[00:12] {name}: {said}", "(0:12) {name}: {said}", "00:12 {name}: {said}", "00:00:12.500 {name}: {said}"),
    *("00:12 - {name}: {said}", "{name} [00:12]: {said}", "{name} (00:12): {said}", "{name} 00:12\n{said}\n"),
    *("**[00:12] {name}:** {said}", "**[00:12]** **{name}:** {said}", "[00:12 - 00:15] {name}: {said}"),
    *("{name} [00:12] {said}", "1\n00:00:01,000 --> 00:00:04,000\n{name}: {said}\n"),
    *("🎙️ {name}: {said}", "**👩‍🔬 {name}:** {said}", "\u200f{name}\u200f: {said}"),
    *("\ufeff{name}: {said}", "{name}: {said}\r"),
    *("Host {n}: {said}", "HOST {n}: {said}", "Host{n}: {said}", "HOST_{n}: {said}"),
    *("Host #{n}: {said}", "Host {l}: {said}"),
    *("Speaker {n}: {said}", "Speaker {z}: {said}", "SPEAKER_0{z}: {said}"),
    *("[S{n}] {said}", "{l}: {said}", "**{l}:** {said}"),
    *("== {name} ==\n{said}\n", "== {name} == {said}", "== {name}: {said} ==", "=={name}==\n{said}\n"),
    *("—{name}: {said}", "–{name}: {said}", "― {name}: {said}", "—**{name}:** {said}"),
    *(r"\*\*{name}:\*\* {said}", r"\*\*{name}\*\*: {said}", r"\_\_{name}:\_\_ {said}", r"\*{name}:\* {said}"),
    *(r"\[{name}\]: {said}", r"\[{name}\] {said}", r"{name}\: {said}", r"1\. {name}: {said}", r"\- {name}: {said}"),
    *('{{"speaker": "{name}", "text": "{said}"}}', '{{"speaker": "{name}", "text": "{said}"}},'),
    *("{{'speaker': '{name}', 'text': '{said}'}}", '{{"text": "{said}", "speaker": "{name}"}}'),
    *('{{"role": "{upper}", "emotion": "warmly", "line": "{said}"}}', '{{"{name}": "{said}"}}'),
    *('{{\n  "host": "{name}",\n  "content": "{said}",\n}},', '{{"speaker": {n}, "text": "{said}"}}'),
    *('- {{"speaker": "{name}", "text": "{said}"}}', '{{"name": "Host {n}", "dialogue": ["{said}"]}}'),
    *("Host {n} ({name}): {said}", "{name} (Host): {said}", "Host {name}: {said}", "Dr. {name}: {said}"),
    *("{name} Lovelace: {said}", "Dr. {name} Levi: {said}", "{name}: {name}: {said}", "Host: {name}: {said}"),
]  # fmt: skip


def written(way: str, joint: str) -> str:
    """The talk as a model writes it in that way."""
    turns = []
    for place, said in enumerate(SAID):
        name, number = ("Ada", "Ben")[place % 2], place % 2
        wide = "".join(chr(ord(letter) + 0xFEE0) for letter in name)
        turns.append(
            way.format(
                name=name,
                upper=name.upper(),
                lower=name.lower(),
                wide=wide,
                n=number + 1,
                z=number,
                l="AB"[number],
                said=said,
            )
        )
    return joint.join(turns)


@pytest.mark.parametrize("way", WAYS)
def test_speaker_is_known_in_every_way_in_which_a_model_writes_one(way: str) -> None:
    for joint in ("\n", "\n\n"):
        for size in SIZES:
            assert talk(written(way, joint), size) == TALK, (joint, size)


@pytest.mark.parametrize(
    "way",
    [
        *(
            "{name}: {said}",
            "{upper}: {said}",
            "**{name}:** {said}",
            "**{name}**: {said}",
            "[{name}]: {said}",
        ),
        *("[{name}] {said}", "**[{name}]** {said}", "**{name} (laughing):** {said}", "<{name}> {said}"),
        *(
            "({name}): {said}",
            "Host {n}: {said}",
            "[S{n}] {said}",
            "{name}：{said}",
            "(laughs) {name}: {said}",
        ),
    ],
)
@pytest.mark.parametrize("joint", [" ", " [laughs] "])
def test_turns_in_one_line_are_told_apart(way: str, joint: str) -> None:
    for size in SIZES:
        assert talk(written(way, joint), size) == TALK, size


@pytest.mark.parametrize(
    "reply",
    [
        "[\n  %s\n]",
        "[%s,]",
        "```json\n[\n  %s\n]\n```",
        "Here is the script:\n\n```json\n[%s]\n```\nLet me know if you like it.",
        '{"title": "Night trains", "dialogue": [\n%s\n]}',
        '```json\n{"title": "T", "turns": [%s], "end": true}\n```',
    ],
)
def test_turns_in_a_list_of_json_objects_are_told_apart(reply: str) -> None:
    turns = written('{{"speaker": "{name}", "text": "{said}"}}', ",\n  ")
    for size in SIZES:
        assert talk(reply % turns, size) == TALK, size


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ('{"speaker": "doctor", "text": "Take it\\nat \\"night\\"."}', 'DOCTOR: Take it at "night".'),
        ('{"speaker": "Dr. Levi", "text": "At night."}', "DOCTOR: At night."),
    ],
)
def test_json_of_a_lesson_is_read_as_that_of_an_episode(reply: str, text: str) -> None:
    for size in SIZES:
        assert lesson(reply, size) == text


@pytest.mark.parametrize(
    "text", ["Use { and } in it.", '{ "half": "open', 'He wrote {"x": 1} there.', '{"type": "music"}']
)
def test_braces_that_hold_no_turn_stay(text: str) -> None:
    for size in SIZES:
        assert talk(text, size) == f"Ada: {text}"


@pytest.mark.parametrize(
    "part",
    ["{", '{"a":', "[", '{"a":[', '{"a":1}\n', "\n", '{"a":"b', "{'a':'", '{"a":{"b":1}', "== ", "\\*"],
)
def test_json_is_looked_for_in_linear_time(part: str) -> None:
    def measure(size: int) -> float:
        text = (part * size)[:size]
        times = []
        for _ in range(2):
            began = thread_time()
            talk(text, 40)
            times.append(thread_time() - began)
        return min(times)

    assert measure(20_000) < 5 * measure(10_000) + 0.05


@pytest.mark.parametrize("joint", [" / ", " | ", " – ", " • "])
def test_sign_that_parts_turns_in_one_line_is_not_spoken(joint: str) -> None:
    for size in SIZES:
        assert talk(written("**{name}:** {said}", joint), size) == TALK


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("Ada: Well, **Ben:** it left.", "Ada: Well,\n\nBen: it left."),
        ("Ada: And then— Ben: It left!", "Ada: And then—\n\nBen: It left!"),
        ("Ada: Hi.**Ben:** Yes.[Ada]: No.", "Ada: Hi.\n\nBen: Yes.\n\nAda: No."),
        ("Ada: Ben: Hi.", "Ben: Hi."),
        ("Ada:\nBen: Hi.\n\nAda:", "Ben: Hi."),
        ("Ada: ...\nBen: Hi.", "Ben: Hi."),
        ("Ada: [laughs]\nBen: Hi.", "Ben: Hi."),
        ("Q: It left? A: It did.", "Ben: It left?\n\nAda: It did."),
        ("Both: Bye!", "Ada: Bye!"),
        ("Ben: Hi.\nAda and Ben: Bye!", "Ben: Hi.\n\nAda: Bye!"),
        ("Host: Hi.\nCo-host: Yes.\nGUEST: No.", "Ada: Hi.\n\nBen: Yes.\n\nBen: No."),
        ("Benjamin: Hi.", "Ben: Hi."),
    ],
)
def test_labels_in_odd_places_and_of_other_names_are_their_speakers(text: str, turns: str) -> None:
    for size in SIZES:
        assert talk(text, size) == turns


@pytest.mark.parametrize("turns", [1, 8, pytest.param(40, marks=pytest.mark.soak)])
def test_turn_of_any_length_stays_one(turns: int) -> None:
    text = "Ada: " + " ".join(["It was late, and the train (the last one) had left."] * 500)
    assert talk("\n".join([text] * turns), 997) == "\n\n".join([text] * turns)


# What has a colon, a dash or a bracket, and is speech.

SPEECH = [
    *("Here's the thing: it left.", "Remember: the train leaves.", "At 5:30 it left.", "Dr. Smith said: no."),
    *("One thing: two things.", "Note: bring water.", "WARNING: it is loud.", "I asked Ben: did it leave?"),
    *("Ben, you know: it left.", "Berlin: the city of trains.", "First: be early. Second: be calm."),
    "Question: why now?",
    *("Ratio 3:1 wins.", "John 3:16 says so.", "Ben 10: the show."),
    *("Bend: a word.", "Benefits: many.", "Adagio: slow."),
    *("MORNING: take one.", "NASA: the agency.", "EU: the bloc."),
    *("Q3: it grew.", "Step 1: breathe.", "Option A: the train."),
    *("Host cities: Rome and Oslo.", "Speaker wire: cheap.", "Guest rooms: full."),
    *("Patient advice: drink.", "Both ways: fine."),
    *("Monday: rest.", "Side Effects: none.", "The Times: a paper."),
    *("Will: the end.", "C: drive.", "Fun fact: trains hum."),
    *("Ada – who is my friend – left.", "Ada, are you there?"),
    *("It is Ada’s turn: go.", "Vienna–Paris: twelve hours."),
    *("Dr. Levi and Ada went: far.", "See https: it is safe.", "Here is what Ada said: it left."),
    *("It's 5 – 3.", "Yes: no."),
]  # fmt: skip


@pytest.mark.parametrize("direction", ["*Ada smiles.*", "(She laughs.)", "_Music fades._", "*Both laugh.*"])
def test_direction_before_a_turn_takes_nothing_of_the_turn_with_it(direction: str) -> None:
    assert talk(f"{direction} Ada: Welcome.\nBen: Hi.") == "Ada: Welcome.\n\nBen: Hi."
    assert talk(f"Ada: Welcome.\n{direction} It left.") == "Ada: Welcome.\n\nAda: It left."


@pytest.mark.parametrize("speech", SPEECH)
def test_colon_within_speech_is_no_speaker(speech: str) -> None:
    for size in SIZES:
        assert talk(f"Ada: {speech}", size) == f"Ada: {speech}"
        assert talk(f"Ben: Hello.\n{speech}", size) == f"Ben: Hello.\n\nBen: {speech}"


@pytest.mark.parametrize(
    "speech",
    [
        *("Remember: drink.", "At 5:30 it ends.", "MORNING: take one.", "Monday: rest.", "WARNING: call."),
        *(
            "Side Effects: none.",
            "Day 1: rest.",
            "Patient advice: drink.",
            "Doctor visits: free.",
            "Dose: one.",
        ),
        *("Before: eat nothing. After: drink.", "Doctor Visits: free.", "Nurse Practitioners: help."),
    ],
)
def test_colon_within_a_lesson_is_no_speaker_and_no_word_of_it_is_lost(speech: str) -> None:
    assert lesson(f"DOCTOR: {speech}") == f"DOCTOR: {speech}"
    assert lesson(f"DOCTOR: Hello.\n{speech}") == f"DOCTOR: Hello.\n\nDOCTOR: {speech}"


# Somebody who isn't of the cast.


@pytest.mark.parametrize(
    "stranger",
    [
        *(
            "Narrator:",
            "NARRATOR:",
            "**Announcer:**",
            "[Caller]:",
            "Dr. Smith:",
            "Mr. Klein:",
            "Emma:",
            "**EMMA:**",
        ),
        *(
            "Emma Novak:",
            "[Zorblax]:",
            "Zorblax (laughing):",
            "Speaker 3:",
            "**Narrator**\n",
            "Emma [00:12]:",
        ),
    ],
)
def test_stranger_is_spoken_by_the_other_host_and_always_by_the_same(stranger: str) -> None:
    for size in SIZES:
        text = f"Ada: Hi.\n{stranger} It left.\nAda: Yes.\n{stranger} Gone."
        assert talk(text, size) == "Ada: Hi.\n\nBen: It left.\n\nAda: Yes.\n\nBen: Gone."


def test_strangers_who_speak_in_the_place_of_both_hosts_are_one_host_each() -> None:
    text = "Emma: Hi.\nLiam: It left.\nEmma: Yes.\nLiam: Gone."
    assert talk(text) == "Ada: Hi.\n\nBen: It left.\n\nAda: Yes.\n\nBen: Gone."


def test_name_that_nothing_shows_to_be_one_stays_in_the_text() -> None:
    assert talk("Ada: Hi.\nZorblax: it left.") == "Ada: Hi.\n\nAda: Zorblax: it left."


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("NURSE: Come in.\nMother: Why?", "DOCTOR: Come in.\n\nPATIENT: Why?"),
        ("Dr. Levi: Hello.\nSarah: Hi.", "DOCTOR: Hello.\n\nPATIENT: Hi."),
        ("Doctor Cohen: Hello.\nMrs. Green: Hi.", "DOCTOR: Hello.\n\nPATIENT: Hi."),
        ("D: Hello.\nP: Hi.", "DOCTOR: Hello.\n\nPATIENT: Hi."),
        ("Doc: Hello.\nPt: Hi.", "DOCTOR: Hello.\n\nPATIENT: Hi."),
        ("A: Eat nothing.\n\nQ: Is water fine?", "DOCTOR: Eat nothing.\n\nPATIENT: Is water fine?"),
        ("Question: Why?\nAnswer: Rest.", "PATIENT: Why?\n\nDOCTOR: Rest."),
        ("Speaker 1: Rest.\nSpeaker 2: Why?", "DOCTOR: Rest.\n\nPATIENT: Why?"),
        ("DOCTOR. Eat nothing.\nPATIENT. Why?", "DOCTOR: Eat nothing.\n\nPATIENT: Why?"),
        ("[DOCTOR] Eat. [PATIENT] Why?", "DOCTOR: Eat.\n\nPATIENT: Why?"),
        ("DOCTOR (warmly):\n\nPATIENT: Hi.", "PATIENT: Hi."),
        ("DOCTOR (warmly):\nEat.", "DOCTOR: [warm] Eat."),
        ("רופא: שלום.\nמטופלת: היי.", "DOCTOR: שלום.\n\nPATIENT: היי."),
        ('ד"ר לוי: שלום.\nמטופל: היי.', "DOCTOR: שלום.\n\nPATIENT: היי."),
        ("**ד״ר לוי:** שלום.\n**חולה:** היי.", "DOCTOR: שלום.\n\nPATIENT: היי."),
    ],
)
def test_speakers_of_a_lesson_are_known_by_role_title_and_letter(text: str, turns: str) -> None:
    for size in SIZES:
        assert lesson(text, size) == turns


def test_speakers_of_other_lessons_are_known_by_number_and_role() -> None:
    two = "Patient 1: Hi.\nPatient B: Hello.\nFirst patient: Yes.\nA: No.\nQ: Why?"
    one = "Host: Hi.\nNARRATOR: Yes.\nDr. Levi: No.\n**Speaker 2:** Why?"
    assert [turn.partition(":")[0] for turn in lesson(two, speakers="patients").split("\n\n")] == [
        "PATIENT 1", "PATIENT 2", "PATIENT 1", "PATIENT 1", "PATIENT 2"
    ]  # fmt: skip
    assert lesson(one, speakers="single") == "\n\n".join(
        f"NARRATOR: {said}" for said in ("Hi.", "Yes.", "No.", "Why?")
    )


# Other scripts.


@pytest.mark.parametrize(
    ("hosts", "text", "turns"),
    [
        (
            ("דנה", "יוסי"),
            "\u200fדנה\u200f: שלום. העניין הוא כזה: הרכבת יצאה.\n**יוסי (צוחק):** היי.\n[דנה] כן.\nיוסי – לא.\n"
            "מנחה א׳: טוב.\nאורח: רע.",
            "דנה: שלום. העניין הוא כזה: הרכבת יצאה.\n\nיוסי: היי.\n\nדנה: כן.\n\nיוסי: לא.\n\nדנה: טוב.\n\nיוסי: רע.",
        ),
        (
            ("ليلى", "عمر"),
            "ليلى: مرحبا بكم.\nعمر：هل غادر؟\n**ليلى:** نعم.\nالمقدم 2: لا.",
            "ليلى: مرحبا بكم.\n\nعمر: هل غادر؟\n\nليلى: نعم.\n\nعمر: لا.",
        ),
        (
            ("艾达", "小本"),
            "艾达：欢迎回来。火车走了。\n小本：真的吗？（笑）是的。\n"
            "【艾达】走了。小本：好。\n主持人A：对。\n嘉宾：嗯。",
            "艾达: 欢迎回来。火车走了。\n\n小本: 真的吗？是的。\n\n艾达: 走了。\n\n"
            "小本: 好。\n\n艾达: 对。\n\n小本: 嗯。",
        ),
        (
            ("さくら", "けん"),
            "さくら：こんにちは。\nけん（笑）：はい。\n司会：どうも。",
            "さくら: こんにちは。\n\nけん: はい。\n\nさくら: どうも。",
        ),
        (
            ("민수", "지은"),
            "민수: 안녕하세요.\n지은：네.\n진행자 1: 네.",
            "민수: 안녕하세요.\n\n지은: 네.\n\n민수: 네.",
        ),
        (
            ("Анна", "Борис"),
            "Анна: Привет.\nБорис (смеясь): Ушёл?\nВедущий 1: Да.\nВедущая 2 — Нет.\nБОРИС: И вот что: он ушёл.",
            "Анна: Привет.\n\nБорис: Ушёл?\n\nАнна: Да.\n\nБорис: Нет.\n\nБорис: И вот что: он ушёл.",
        ),
        (
            ("José", "Zoë"),
            "Jose: Hola.\nZOE: Hola.\nPresentador 1: Sí.\nAnfitriona 2: No.",
            "José: Hola.\n\nZoë: Hola.\n\nJosé: Sí.\n\nZoë: No.",
        ),
        (
            ("Ada Lovelace", "Ben Stone"),
            "Ada: Hi.\nStone: Hi.\nMr. Stone: No.\nAda L.: Ok.\nDr. Ada Lovelace: Bye.",
            "Ada Lovelace: Hi.\n\nBen Stone: Hi.\n\nBen Stone: No.\n\nAda Lovelace: Ok.\n\nAda Lovelace: Bye.",
        ),
        (("Zoe", "Zoë"), "Zoe: Hi.\nZOË: Yes.\nzoë: No.", "Zoe: Hi.\n\nZoë: Yes.\n\nZoë: No."),
        (("Alexandra", "Tom"), "Alex: Hi.\nT: No.\nA: Yes.", "Alexandra: Hi.\n\nTom: No.\n\nAlexandra: Yes."),
        (
            ("Anna-Maria", "O’Brien"),
            "Anna-Maria: Hi.\nO'Brien: Hi.\nAnna Maria – No.",
            "Anna-Maria: Hi.\n\nO’Brien: Hi.\n\nAnna-Maria: No.",
        ),
    ],
)  # fmt: skip
def test_hosts_of_every_script_are_known_by_name_number_and_role(
    hosts: tuple[str, str], text: str, turns: str
) -> None:
    for size in SIZES:
        assert talk(text, size, hosts) == turns
