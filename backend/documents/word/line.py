"""A Word paragraph as a line of text, with its anchored text boxes and notes."""

from collections.abc import Callable

from lxml import etree

from backend.documents.word.context import TAKEN_OUT, Context
from backend.documents.word.formula import read_formula
from backend.documents.word.looks import Look, read_look
from backend.documents.word.symbols import symbol
from backend.documents.word.xml import child, children, is_on, local, number, texts, value
from workflows.text.layout.gaps import gap_between
from workflows.text.layout.raised import lower_digits, raise_digits

_WRAPPERS = frozenset(
    {
        "hyperlink",
        "ins",
        "moveTo",
        "smartTag",
        "customXml",
        "fldSimple",
        "bdo",
        "dir",
        "sdtContent",
        "conflictIns",
    }
)
_GRAPHICS = frozenset({"drawing", "pict", "object"})
_OFFICE = (
    "http://schemas.microsoft.com/office/",
    "http://schemas.openxmlformats.org/",
    "urn:schemas-microsoft-com:",
)
_BLANKS = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


class WordLine:
    """Reader of one paragraph. `graphics` are the drawings found in it, to be read after it."""

    def __init__(self, context: Context, look: Look, background: str | None) -> None:
        self.graphics: list[etree._Element] = []
        self.left_something_out = False
        self._context = context
        self._look = look
        self._behind = [background, *context.behind]
        self._pieces: list[str] = []
        self._hidden: list[str] = []
        self._hidden_look = look
        self._struck: list[str] = []
        self._passed = ""  # what took room on the page since the last piece

    def read(self, paragraph: etree._Element) -> str:
        """The words, without deleted and hidden ones."""
        self._walk(paragraph)
        self._end_passages()
        return self._context.count("".join(self._pieces).strip())

    def _walk(self, node: etree._Element) -> None:
        for item in node:
            name = local(item)
            if name == "r":
                self._run(item)
            elif name in _WRAPPERS:
                self._walk(item)
            elif name == "sdt":
                self._control(item)
            elif name in TAKEN_OUT:
                self._leave_out_change(item)
            elif name in ("oMath", "oMathPara"):
                self._show(read_formula(item))
            elif name == "AlternateContent":
                self._walk(choose(item))
            else:
                self._passed += self._context.leave_out_unknown(item)

    def _control(self, control: etree._Element) -> None:
        if is_on(child(control, "sdtPr", "showingPlcHdr")):
            self._context.leave_out("empty_fields", words := texts(control, "t"))
            self._passed += words
        else:
            self._walk_all(control, "sdtContent")

    def _walk_all(self, node: etree._Element, name: str) -> None:
        for item in children(node, name):
            self._walk(item)

    def _leave_out_change(self, node: etree._Element) -> None:
        if self._context.leave_out_change(node):
            self.left_something_out = True

    def _run(self, run: etree._Element) -> None:
        text = "".join(self._piece(item) for item in run)
        if not text:
            self._passed += " " * any(map(_stands_in_line, run))
            return
        look = self._look
        if (properties := child(run, "rPr")) is not None:
            style = self._context.styles.character(value(child(properties, "rStyle")))
            look = look.under(style.look).under(read_look(properties))
        if not look.is_seen(self._behind):
            self._end_passages(hidden=look != self._hidden_look)
            self._hidden_look = look
            self._hidden.append(text)
            self._passed += "" if look.hidden else text
        elif look.struck and text.strip():
            self._end_passages(struck=False)
            self._struck.append(text)
            self._passed += text
        else:
            raised = {"superscript": raise_digits, "subscript": lower_digits}.get(look.raised or "")
            self._show(raised(text) if raised else text)

    def _show(self, text: str) -> None:
        if text.strip():
            self._end_passages()
        gap = gap_between("".join(self._pieces[-1:]), self._passed, text) if self._passed else ""
        self._passed = ""
        self._pieces.append(gap + text)

    def _end_passages(self, *, hidden: bool = True, struck: bool = True) -> None:
        """Notes what was left out so far, a row of runs at a time."""
        if hidden and self._hidden:
            words, self._hidden = "".join(self._hidden), []
            self._context.hidden.append(self._context.count(words))
            self.left_something_out = True
        if struck and self._struck:
            words, self._struck = "".join(self._struck), []
            self._context.leave_out("struck_out_text", words)
            self.left_something_out = True

    def _piece(self, node: etree._Element) -> str:
        name = local(node)
        if name == "t":
            return node.text or ""
        if name in _BLANKS:
            return _BLANKS[name]
        if name in _GRAPHICS:
            self.graphics.append(node)
            return ""
        if reader := _SPECIAL.get(name):
            return reader(self, node)
        self._context.leave_out_unknown(node)
        return ""

    def _symbol(self, node: etree._Element) -> str:
        found = symbol(value(node, "font") or "", value(node, "char") or "")
        if found is None:
            self._context.leave_out("unknown_characters")
        return found or ""

    def _note(self, node: etree._Element) -> str:
        return self._context.add_note(local(node).removesuffix("Reference"), value(node, "id"))

    def _comment(self, node: etree._Element) -> str:
        self._context.comments.setdefault(str(value(node, "id")), self._context.paragraph)
        return ""

    def _alternatives(self, node: etree._Element) -> str:
        return "".join(self._piece(item) for item in choose(node))

    def _ruby(self, node: etree._Element) -> str:
        return texts(base, "t") if (base := child(node, "rubyBase")) is not None else ""

    def _field(self, node: etree._Element) -> str:
        """Reads the old form fields that show something without having it as text."""
        data = child(node, "ffData")
        box, choices = child(data, "checkBox"), child(data, "ddList")
        if box is not None:
            checked = is_on(child(box, "checked"))
            return "☒" if (is_on(child(box, "default")) if checked is None else checked) else "☐"
        entries = [value(item) or "" for item in children(choices, "listEntry")]
        chosen = number(child(choices, "result"), number(child(choices, "default"), 0))
        return entries[chosen] if chosen < len(entries) else ""


_SPECIAL: dict[str, Callable[[WordLine, etree._Element], str]] = {
    "sym": WordLine._symbol,
    "footnoteReference": WordLine._note,
    "endnoteReference": WordLine._note,
    "commentReference": WordLine._comment,
    "AlternateContent": WordLine._alternatives,
    "ruby": WordLine._ruby,
    "fldChar": WordLine._field,
}


def _stands_in_line(node: etree._Element) -> bool:
    """Whether it is a drawing or an object that stands among the words, and takes room there."""
    return local(node) == "object" or child(node, "inline") is not None


def choose(alternatives: etree._Element) -> etree._Element:
    """The alternative that Word shows: the first whose requirements it knows, or else the fallback."""
    offered = (item for item in children(alternatives, "Choice") if len(item) and _is_known(item))
    found = next(offered, child(alternatives, "Fallback"))
    return alternatives.makeelement("nothing") if found is None else found


def _is_known(choice: etree._Element) -> bool:
    """Whether all namespaces that a choice requires are Office's own."""
    spaces = (choice.nsmap.get(prefix) or "" for prefix in str(choice.get("Requires", "")).split())
    return all(space.startswith(_OFFICE) for space in spaces)
