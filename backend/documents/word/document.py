"""Text of a whole Word file."""

from lxml import etree

from backend.documents.reading import Reading, Unreadable
from backend.documents.word.archive import Archive
from backend.documents.word.body import Body
from backend.documents.word.context import Context
from backend.documents.word.looks import UNKNOWN
from backend.documents.word.numbering import Numbering
from backend.documents.word.styles import Styles
from backend.documents.word.xml import child, children, local, texts, value


def read_word(data: bytes, max_characters: int) -> Reading:
    """The text as it reads in the printed document, with notes after the paragraphs that they belong to.

    Headings and lists are written as in Markdown, tables row by row. Raises Unreadable.
    """
    try:
        context, body = _open(data, max_characters)
        text = "\n\n".join(Body(context).read(body))
        _leave_out_comments(context)
        _leave_out_headers(context)
    except (Unreadable, MemoryError):
        raise
    except Exception:  # a broken file makes a library throw anything
        raise Unreadable("the Word document is broken; open it and save it anew") from None
    return Reading(text, tuple(context.hidden), context.left_out.warnings())


def _open(data: bytes, max_characters: int) -> tuple[Context, etree._Element]:
    archive = Archive(data)
    root = archive.root(archive.main)
    body = child(root, "body")
    if root is None or body is None:
        raise Unreadable("the Word document is broken; open it and save it anew")
    relations = archive.relations(archive.main)
    roots = {
        kind: archive.root(relation.target)
        for relation in relations.values()
        if (kind := relation.kind) in ("styles", "numbering", "settings")
    }
    styles = Styles(roots.get("styles"))
    numbering = Numbering(roots.get("numbering"), lambda name: styles.paragraph(name).number)
    context = Context(archive, relations, styles, numbering, max_characters)
    context.behind.append(_paper(root, roots.get("settings")))
    return context, body


def _paper(root: etree._Element, settings: etree._Element | None) -> str | None:
    """The background of the whole text; unknown where a picture lies behind it."""
    if any(local(node) == "anchor" and node.get("behindDoc") in ("1", "true") for node in root.iter()):
        return UNKNOWN
    if child(settings, "displayBackgroundShape") is None:
        return None
    colour = value(child(root, "background"), "color")
    return None if colour in (None, "auto") else str(colour).lower()


def _leave_out_comments(context: Context) -> None:
    for comment in children(context.part_of("comments"), "comment"):
        if words := texts(comment, "t"):
            context.left_out.add("comments", words, context.comments.get(str(value(comment, "id")), 0))


def _leave_out_headers(context: Context) -> None:
    """Leaves out headers and footers, which recur on every page: titles and page numbers, not the text."""
    seen = set()
    for relation in context.relations.values():
        if relation.kind in ("header", "footer"):
            root = context.archive.root(relation.target)
            words = "" if root is None else texts(root, "t")
            if any(letter.isalpha() for letter in words) and words not in seen:
                seen.add(words)
                context.left_out.add("headers_and_footers", words)
