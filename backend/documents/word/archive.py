"""Parts of a Word file: a zip archive of XML, read within limits whatever its headers claim."""

from io import BytesIO
from posixpath import dirname, join, normpath
from typing import NamedTuple
from zipfile import ZipFile

from lxml import etree

from backend.documents.reading import Unreadable

_MOST_MEMBERS = 3000
_MOST_UNPACKED = 100_000_000
_OTHERS = {
    "xl/": "an Excel workbook",
    "ppt/": "a PowerPoint presentation",
    "content.xml": "an OpenDocument file",
    "META-INF/container.xml": "an e-book (EPUB)",
}
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": W.encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": (
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    ),
}
# Word writes no DTD; entities that grow without end are declared in one.
_DECLARATIONS = "the document holds XML declarations that Word doesn't write"
_TOO_LARGE = "the document is too large when unpacked"


class Relation(NamedTuple):
    """A relation to another part: the last word of its type, and the part's name."""

    kind: str
    target: str


class Archive:
    """An open Word file. Raises Unreadable for any other file, and for one that unpacks without end."""

    def __init__(self, data: bytes) -> None:
        self._zip = ZipFile(BytesIO(data))
        members = self._zip.infolist()
        self._names = {member.filename for member in members}
        if any(member.flag_bits & 1 for member in members):
            raise Unreadable("the document is encrypted; save it without a password")
        if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > _MOST_UNPACKED:
            raise Unreadable(_TOO_LARGE)
        self._left = _MOST_UNPACKED
        self.main = self._find_main()

    def root(self, name: str) -> etree._Element | None:
        """The XML of a part; None when there is no such part."""
        data = self._read(name)
        if data is None:
            return None
        if b"<!DOCTYPE" in data[:65536]:
            raise Unreadable(_DECLARATIONS)
        for strict, usual in _STRICT.items():
            data = data.replace(strict, usual)
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
        )
        root = etree.fromstring(data, parser)
        if root.getroottree().docinfo.doctype:  # in another encoding
            raise Unreadable(_DECLARATIONS)
        return root

    def relations(self, name: str) -> dict[str, Relation]:
        """The other parts of the file that a part refers to, by id."""
        root = self.root(join(dirname(name), "_rels", name.rpartition("/")[2] + ".rels"))
        if root is None:
            return {}
        return {
            str(node.get("Id")): Relation(
                str(node.get("Type")).rpartition("/")[2],
                normpath(join("/", dirname(name), str(node.get("Target")))).lstrip("/"),
            )
            for node in root
            if node.get("TargetMode") != "External"
        }

    def _find_main(self) -> str:
        found = [r.target for r in self.relations("").values() if r.kind == "officeDocument"]
        for name in (*found, "word/document.xml"):
            if name in self._names and not name.startswith(("xl/", "ppt/")):
                return name
        for beginning, title in _OTHERS.items():
            if any(name.startswith(beginning) for name in self._names):
                raise Unreadable(f"the name says a Word document, but the file is {title}")
        raise Unreadable("the name says a Word document, but the file is another zip archive")

    def _read(self, name: str) -> bytes | None:
        if name not in self._names:
            return None
        with self._zip.open(name) as part:
            data = part.read(self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise Unreadable(_TOO_LARGE)
        return data
