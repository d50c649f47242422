"""Sentences are told in the language of their text: "bzw." ends none in German."""

import ast
from pathlib import Path

from backend.runs.results.diff import compare_sections
from workflows.formats.education_audio.warnings import list_warnings
from workflows.models.embedded.sentences import SentenceBuffer
from workflows.text.parts import list_passages

ROOT = Path(__file__).parent.parent.parent
OF_ANY_LANGUAGE = {"workflows/text/metrics/repetition.py", "workflows/safety/untrusted/untrusted_content.py"}
"""What looks at texts whose language nobody knows."""


def test_every_call_of_the_splitter_says_in_which_language() -> None:
    silent = {
        f"{path.relative_to(ROOT)}"
        for room in ("workflows", "backend")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "split_sentences"
        and len(node.args) + len(node.keywords) < 2
    }
    assert silent == OF_ANY_LANGUAGE


def test_passages_of_a_document_are_cut_between_sentences_of_its_language() -> None:
    text = "Das Mittel wird morgens bzw. Abends genommen. Danach wird viel Wasser getrunken."
    assert list_passages(text, 8, "de")[0] == "Das Mittel wird morgens bzw. Abends genommen."


def test_warnings_are_whole_sentences_of_the_documents_language() -> None:
    text = "Do not take it with milk, approx. Half a litre, or with juice."
    assert list(list_warnings(text, "en")) == [text]


def test_differences_are_shown_by_sentences_of_the_texts_language() -> None:
    before = ("T", "Das ist die Regel, und sie gilt morgens bzw. Abends für alle. Es ist nicht so.")
    after = ("T", "Das ist die Regel, und sie gilt morgens bzw. Abends für alle. Es ist so.")
    [found] = compare_sections([before], [after])
    assert "-Es ist nicht so." in found.unified and "+Es ist so." in found.unified
    assert " Das ist die Regel, und sie gilt morgens bzw. Abends für alle." in found.unified


def test_built_in_model_knows_the_sentences_that_it_said() -> None:
    buffer = SentenceBuffer("Mrs. Fox met approx. Ten cats.", "", "")
    assert not list(buffer.feed("Mrs. Fox met approx. Ten cats. ")) + list(buffer.finish())
