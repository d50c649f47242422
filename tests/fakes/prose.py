"""Harmless English that depends on nothing but the prompt: the same prompt, the same text."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from random import Random


def _list(*lines: str) -> list[str]:
    return [entry for line in lines for entry in line.split("|")]


_SUBJECTS = _list(
    "Zoë|the little café owl|Grandpa André|a curious otter|Noémie|the lighthouse keeper|Señor Pip",
    "the tiny robot|a sleepy fox|Maya|the baker|an old turtle|Björn|the garden snail|Ines",
    "a striped kitten|the kind captain|the painter|a flock of swifts|Tomás|the clockmaker",
    "a young gardener|the puppet maker|Lucía",
)
_VERBS = _list(
    "found|painted|carried|counted|followed|drew|shared|polished|noticed|built|borrowed|hummed to",
    "waved at|listened to|wrapped|measured|planted|folded|traded|named|remembered|described|balanced",
    "watched",
)
_OBJECTS = _list(
    "a paper boat|the blue lantern|seven smooth pebbles|a map of the harbour|the crème-coloured kite",
    "a warm loaf|the smallest star chart|a jar of honey|two wooden spoons|a song about rain",
    "the naïve drawing|a bright ribbon|the violet seashell|a basket of pears|an open letter",
    "a row of sunflowers|the silver bell|a patchwork quilt|the talking compass|a handful of seeds",
    "one round button|the longest ladder|a cup of cocoa|the morning tide",
)
_PLACES = _list(
    "beside the river|under the old bridge|at the edge of the meadow|near the bakery|on the quiet hill",
    "by the pier|in the library garden|behind the windmill|along the sandy path",
    "at the top of the stairs|inside the greenhouse|across the market square|between two birch trees",
    "on the wooden deck|at the corner table|below the moon|next to the fountain|in the harbour office",
    "over the stone wall|by the open window",
)
_OPENERS = _list(
    "Early that morning,|Without any hurry,|A little later,|To everyone's surprise,|After breakfast,",
    "Very gently,|Just before noon,|With a smile,|As the light changed,|Once more,|Step by step,",
    "That same evening,|At first,|Soon,|On the way home,|In the end,",
)
_TAILS = _list(
    "and nobody minded waiting|and the air smelled of oranges|which made the afternoon feel longer",
    "because good things take time|so the others came to look|and that was enough for one day",
    "while the kettle began to sing|and a gentle wind answered|as if it had always been so",
    "and everyone learned a new word|though the clouds were still pink|until the lamps came on",
)
_SPEECH = _list(
    "“Let's try again,” said {s}.|“How lovely!” laughed {s}.|“I think it's this way…” said {s}.",
    "“One, two, three — go,” whispered {s}.|“We can share it,” said {s}.",
    "“Look, a rainbow 🌈,” called {s}.",
)

_ABOUT = re.compile(
    r"(?:about|around|roughly|approximately|some|exactly|~)\s*(\d[\d,]*)(?:\s+|-)words?\b", re.IGNORECASE
)
_WORDS = re.compile(r"(\d[\d,]*)(?:\s+|-)words?\b", re.IGNORECASE)
_SYLLABLES = _list("lo|mi|ra|ve|ta|no|se|bri|fe|ju|mo|ne|pi|ro|su|ti|vo|wi|ya|zo|be|la|ma|re|so")
_READER = re.compile(r"sentences of about (\d+) words, none over (\d+), no harder than school grade (\d+)")
_EASY = _list(
    "fox|owl|hen|bee|sun|sea|hat|bag|cup|log|bed|pig|ant|bus|van|jam|pen|key|map|net|oak|pie|rug|toy|web",
    "frog|goat|duck|moon|tree|boat|bell|cake|door|fish|gate|hill|kite|lamp|nest|pond|road|seed|ship|star|wolf",
)
_HARD = _list(
    "lantern|harbour|captain|meadow|cottage|blanket|journey|pebbles|morning|weather|kitchen|library|sparrow",
    "umbrella|mountain|painting|sandwich|telescope|lighthouse|adventure|butterfly|gardener|festival|treasure",
)
_NEW_WORDS = re.compile(r"fit naturally: <words[^>]*>([^<]*)<")
_LONGEST_PARAGRAPH = 80
_SHORTEST_PROMPT = 300
"""Characters: less is the seed of a text that a test makes for itself."""
_LINKS = _list("saw|met|got|hid|led|and|for|by|on|near|with|under|past|at")
DEFAULT_WORDS = 90


def seed_random(*parts: str) -> Random:
    """A generator that depends on these texts alone, whatever the process."""
    digest = blake2b("\x00".join(parts).encode(), digest_size=8).digest()
    return Random(int.from_bytes(digest, "big"))


def find_word_target(prompt: str) -> int:
    """The words that the prompt asks for: the last "about N words", else the last "N words", else 90."""
    found = _ABOUT.findall(prompt) or _WORDS.findall(prompt)
    return int(found[-1].replace(",", "")) if found else DEFAULT_WORDS


def write_prose(prompt: str, words: int | None = None) -> str:
    """Paragraphs of exactly `words` words (default: what the prompt asks for), other ones for each prompt."""
    random = seed_random(prompt)
    is_seed = len(prompt) < _SHORTEST_PROMPT
    reader = _READER.findall(prompt)
    target = find_word_target(prompt) if words is None else words
    paragraphs: list[list[str]] = []
    count, room = 0, 0
    new_words = _NEW_WORDS.findall(prompt)
    nouns = [word.strip() for word in new_words[-1].split(",")] if new_words else []
    while True:
        if reader:
            sentence = _fit_sentence(random, reader[-1], nouns)
        else:
            sentence = write_sentence(random) if is_seed else _write_once(random)
        length = len(sentence.split())
        if count + length > target:
            if last := " ".join(sentence.split()[: target - count]).rstrip(",.!?”"):
                paragraphs.append([f"{last.removeprefix('“')}."])
            return "\n\n".join(" ".join(paragraph) for paragraph in paragraphs)
        is_full = paragraphs and sum(len(one.split()) for one in paragraphs[-1]) + length > _LONGEST_PARAGRAPH
        if not room or (is_full and not is_seed):
            paragraphs.append([])
            room = random.randint(3, 5)
        paragraphs[-1].append(sentence)
        count, room = count + length, room - 1


def _fit_sentence(random: Random, reader: Sequence[str], nouns: list[str]) -> str:
    """One sentence for a reader: of about so many words, and of the letters that make its school grade. The
    first of the `nouns` that aren't used yet is one of its words."""
    words, longest, grade = map(int, reader)
    length = max(3, min(longest, words + random.randint(-1, 2)) // 3 * 3)
    letters = (grade + 21.43 - 0.5 * length) / 4.71  # the Automated Readability Index, solved for them
    chosen: list[str] = []
    for place in range(length):
        if place % 3 != 2:
            found = _LINKS if place % 3 else ["the", "our", "its", "a"]
        else:
            found = _HARD if sum(map(len, chosen)) + 6 <= letters * (place + 1) else _EASY
            found = [nouns.pop(0)] if nouns and place == 2 else found
        chosen.append(random.choice(found))
    text = " ".join(chosen)
    return f"{text[0].upper()}{text[1:]}."


def write_sentence(random: Random) -> str:
    """One sentence of 5 to 20 words."""
    subject = random.choice(_SUBJECTS)
    if random.random() < 0.12:
        return random.choice(_SPEECH).format(s=subject)
    clause = f"{subject} {random.choice(_VERBS)} {random.choice(_OBJECTS)} {random.choice(_PLACES)}"
    if random.random() < 0.5:
        clause = f"{random.choice(_OPENERS)} {clause}"
    if random.random() < 0.4:
        clause = f"{clause}, {random.choice(_TAILS)}"
    return f"{clause[0].upper()}{clause[1:]}."


def _write_once(random: Random) -> str:
    """One sentence of which no eight words come again by chance, however long the text is."""
    subject = f"{random.choice(_SUBJECTS)} {_coin_adverb(random)}"
    clause = f"{subject} {random.choice(_VERBS)} {random.choice(_OBJECTS)}"
    clause = f"{clause} {_coin_adverb(random)} {random.choice(_PLACES)} {_coin_adverb(random)}"
    if random.random() < 0.5:
        clause = f"{random.choice(_OPENERS)} {_coin_adverb(random)} {clause}"
    return f"{clause[0].upper()}{clause[1:]}."


def _coin_adverb(random: Random) -> str:
    """A word that hardly ever comes again."""
    return "".join(random.choice(_SYLLABLES) for _ in range(3)) + "ly"


def write_noun(random: Random) -> str:
    """A word that may be new to a child."""
    return random.choice(_HARD)


def write_title(random: Random) -> str:
    """A title of a few words."""
    thing = random.choice(_OBJECTS).split(" ", 1)[1]
    return f"{random.choice(_SUBJECTS)} and the {thing}".title()
