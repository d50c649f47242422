"""What models are given can be read in docs/prompts, as it is."""

import re

import pytest

from tests.prompt_pages import COMMAND, FOLDER, pages, small_and_long
from workflows.formats.registry import list_formats

PAGES = dict(pages())
PROMPTS = {
    f"{name} {role} {size}": [message.text for message in messages]
    for name, both in small_and_long().items()
    for size, prompts in zip(("small", "long"), both, strict=True)
    for role, messages in prompts.items()
}


@pytest.mark.parametrize("name", PAGES)
def test_page_of_prompts_is_as_the_prompts_are(name: str) -> None:
    page = FOLDER / f"{name}.md"
    assert page.read_text(encoding="utf-8") == f"{PAGES[name]}\n", f"if this is meant: {COMMAND}"


def test_pages_of_prompts_are_of_every_format_and_of_no_other() -> None:
    assert {"story", "podcast", "creator_script", "discovery_report", "education_audio"} <= set(PAGES)
    assert set(PAGES) <= {*list_formats(), "safety", "evaluation", "story_embedded", "README"}
    assert {path.stem for path in FOLDER.glob("*.md")} == set(PAGES)


@pytest.mark.parametrize("name", PROMPTS)
def test_prompt_has_no_holes_and_sets_all_that_was_written_between_marks(name: str) -> None:
    system, user = PROMPTS[name]
    assert len(system) > 100 and len(user) > 80
    for text in (system, user):
        assert "\n\n\n" not in text and "None" not in text and "{{" not in text
        assert not re.search(r" [.,:]|\.\.(?!\.)|  ", re.sub(r"(?s)<(\w+-\w{12})>.*?</\1>", "X", text)), name
    opened = re.findall(r"<(\w+-[a-z2-7]{12})>", user)
    assert opened and sorted(opened) == sorted(re.findall(r"</(\w+-[a-z2-7]{12})>", user))
