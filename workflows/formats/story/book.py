"""A chapter, or a whole story, as a book: with the question at its end and the vocabulary words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from workflows.formats.books import docx, epub
from workflows.formats.books.book import Book, Chapter, Part, book_of, moment_of
from workflows.formats.exports import Exporter, Finished

_NEW_WORDS = {"en": "New words", "he": "מילים חדשות"}


def chapter_book(finished: Finished) -> Book:
    """A chapter as a book: each scene is a chapter of the book."""
    book = book_of(finished)
    return replace(book, chapters=[*book.chapters, *_endings([finished])])


def story_book(session_id: str, title: str, chapters: Sequence[Finished]) -> Book:
    """A story's chapters, each with its scenes below it. There is at least one."""
    texts = [Chapter(one.title, [Part(heading, text) for heading, text in one.sections]) for one in chapters]
    return Book(
        id=f"urn:storywire:story:{session_id}",
        title=title,
        language=chapters[-1].language,
        made=moment_of(chapters[-1].run_id),
        chapters=[*texts, *_endings(chapters)],
        warning=[line for one in chapters for line in one.danger_lines],
    )


def _endings(chapters: Sequence[Finished]) -> list[Chapter]:
    last = chapters[-1]
    endings = []
    if choices := last.results.get("choices"):
        lines = "\n\n".join(f"• {choice['text']}\n{choice['description']}" for choice in choices)
        endings.append(Chapter(last.results["choice_question"], [Part("", lines)]))
    words = {
        word["word"].casefold(): f"{word['word']}: {word['definition']}"
        for one in chapters
        for word in one.results.get("vocabulary_words") or []
    }
    if words:
        endings.append(
            Chapter(
                _NEW_WORDS.get(last.language.partition("-")[0], _NEW_WORDS["en"]),
                [Part("", "\n\n".join(words.values()))],
            )
        )
    return endings


def _exporter(suffix: str, media_type: str, write: Callable[[Book], bytes]) -> Exporter:
    return Exporter(suffix, media_type, lambda finished: write(chapter_book(finished)))


WRITERS: Mapping[str, tuple[str, Callable[[Book], bytes]]] = {
    "docx": (docx.MEDIA_TYPE, docx.write_docx),
    "epub": (epub.MEDIA_TYPE, epub.write_epub),
}
"""By suffix: the media type, and how a book becomes such a file."""

EXPORTS: Mapping[str, Exporter] = {
    suffix: _exporter(suffix, media_type, write) for suffix, (media_type, write) in WRITERS.items()
}
"""What a chapter can be had as."""
