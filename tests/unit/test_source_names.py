"""What a source is called where it has no title."""

import pytest

from workflows.formats.sources import list_sources, name_of


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ({"title": "A page", "url": "https://paper.example/a"}, "A page"),
        (
            {"url": "https://www.paper.example/health/after-your_operation.html?utm=1#top"},
            "paper.example › health › after your operation",
        ),
        ({"title": "https://paper.example/", "url": "https://paper.example/"}, "paper.example"),
        ("https://he.example/%D7%9E%D7%92%D7%93%D7%9C%D7%95%D7%A8", "he.example › מגדלור"),
        ("https://paper.example/a%E2%80%AEgnp.exe", "paper.example › a gnp"),
        ("https://[broken/a", "https://[broken/a"),
        ({"title": "", "url": "javascript:alert(1)"}, "javascript:alert(1)"),
        (None, ""),
    ],
)
def test_source_without_a_title_is_called_by_host_and_path(source: object, name: str) -> None:
    assert name_of(list_sources({"sources": [source]})[0]) == name
