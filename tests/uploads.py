"""Files as people upload them, made on the spot."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import docx
from docx.shared import RGBColor
from pypdf import PdfReader, PdfWriter

LEAFLETS = Path(__file__).parent / "data" / "leaflets"


def leaflet(name: str) -> str:
    """The text of one of the leaflets: `ramipril`, `knee`, `sleep`."""
    return (LEAFLETS / f"{name}.md").read_text(encoding="utf-8")


# PDF.

_WIN_ANSI = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_TO_UNICODE = b"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
1 beginbfrange <0001> <FFFF> <0001> endbfrange
endcmap CMapName currentdict /CMap defineresource pop end end"""


@dataclass(frozen=True, slots=True)
class Ink:
    """A text as it is drawn: its letters stand from left to right, whatever the order in which they are read.

    Each is half as wide as it is high. `colour` is red, green, blue from 0 to 1; `mode` 3 is invisible; `turn` counts
    quarters to the left.
    """

    x: float
    y: float
    text: str
    size: float = 12
    colour: tuple[float, float, float] = (0, 0, 0)
    mode: int = 0
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: tuple[float, float, float] = (0, 0, 0)


def pdf(*pages: list[str]) -> bytes:
    """A PDF with these lines on its pages, written by hand: no library of ours writes text into one."""
    contents = []
    for lines in pages:
        shown = b"\n".join(b"(" + _escape(line) + b") Tj T*" for line in lines)
        contents.append(b"BT /F1 11 Tf 14 TL 50 800 Td\n" + shown + b"\nET")
    return pdf_of(contents)


def drawn_pdf(*pages: Sequence[Ink | Box]) -> bytes:
    """A PDF whose pages are drawn in this order."""
    return pdf_of([b"\n".join(map(_draw, page)) for page in pages])


def pdf_of(
    contents: Sequence[bytes], catalogue: bytes = b"", page: bytes = b"", more: Sequence[bytes] = ()
) -> bytes:
    """A PDF of pages with these contents. `F1` is Helvetica, `F2` has Unicode's own codes; `catalogue` and `page` are
    entries that are added to those dictionaries, `more` objects that begin with number 7."""
    objects: list[bytes] = [
        b"",
        b"",
        _WIN_ANSI,
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Any /Encoding /Identity-H /DescendantFonts [5 0 R]"
        b" /ToUnicode 6 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Any /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity)"
        b" /Supplement 0 >> /DW 500 /FontDescriptor << /Type /FontDescriptor /FontName /Any /Flags 4 /FontBBox"
        b" [0 -200 500 800] /Ascent 800 /Descent -200 /ItalicAngle 0 /CapHeight 700 /StemV 80 >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(_TO_UNICODE), _TO_UNICODE),
        *more,
    ]
    kids = []
    for content in contents:
        packed = zlib.compress(content)
        objects.append(
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)
        )
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R %s"
            b" /Resources << /Font << /F1 3 0 R /F2 4 0 R >> /XObject << /X 7 0 R >> >> >>"
            % (len(objects), page)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids))
    written = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(written)


def picture_object(side: int = 40) -> bytes:
    """A grey picture, drawn by `/X Do`."""
    data = bytes(range(256)) * (side * side // 256 + 1)
    return (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
        % (
            side,
            side,
        )
        + b" /Length %d >>\nstream\n%s\nendstream" % (side * side, data[: side * side])
    )


def encrypted_pdf(password: str = "secret") -> bytes:
    """A PDF that opens with a password only."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf(["Hidden."]))))
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    return _saved(writer.write)


def _draw(item: Ink | Box) -> bytes:
    colour = b"%g %g %g rg" % item.colour
    if isinstance(item, Box):
        return colour + b" %g %g %g %g re f" % (item.x, item.y, item.width, item.height)
    codes = item.text.encode("utf-16-be").hex().encode()
    turns = ((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0))[item.turn]
    matrix = b"%d %d %d %d" % turns
    return b"BT %s /F2 %g Tf %d Tr %s %g %g Tm <%s> Tj ET" % (
        colour, item.size, item.mode, matrix, item.x, item.y, codes,
    )  # fmt: skip


# Word.


def word(*paragraphs: str, hidden: str = "", white: str = "", table: list[list[str]] | None = None) -> bytes:
    """A Word document; `# ` begins a heading, `- ` an item of a list."""
    document = docx.Document()
    for text in paragraphs:
        if text.startswith("# "):
            document.add_heading(text[2:], 1)
        elif text.startswith("- "):
            document.add_paragraph(text[2:], style="List Bullet")
        else:
            document.add_paragraph(text)
    last = document.add_paragraph("The end.")
    if hidden:
        last.add_run(hidden).font.hidden = True
    if white:
        last.add_run(white).font.color.rgb = RGBColor(255, 255, 255)
    if table:
        grid = document.add_table(len(table), len(table[0]))
        for row, cells in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    return _saved(document.save)


_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": _OFFICE,
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "v": "urn:schemas-microsoft-com:vml",
}
NAMESPACES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _SPACES.items())


def word_of(body: str, **parts: str) -> bytes:
    """A Word document of this XML. `parts` are others by kind (`footnotes`, `comments`, `styles`, `header`, …): what
    stands within their root."""
    roots = {"header": "w:hdr", "footer": "w:ftr", "diagramData": "dgm:dataModel"}
    links = [f'<Relationship Id="{kind}" Type="{_OFFICE}/{kind}" Target="{kind}.xml"/>' for kind in parts]
    files = {
        "_rels/.rels": _relations(
            f'<Relationship Id="main" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
        ),
        "word/_rels/document.xml.rels": _relations("".join(links)),
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
    }
    for kind, inner in parts.items():
        root = roots.get(kind, f"w:{kind}")
        files[f"word/{kind}.xml"] = f"<{root} {NAMESPACES}>{inner}</{root}>"
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return buffer.getvalue()


def w_run(text: str, properties: str = "") -> str:
    """A run of Word's XML."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def w_paragraph(*contents: str, properties: str = "") -> str:
    """A paragraph of Word's XML; what is no XML is a run."""
    inner = "".join(item if item.startswith("<") else w_run(item) for item in contents)
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def w_table(*rows: Sequence[str], properties: str = "") -> str:
    """A table of Word's XML; a cell is its text or its XML, with its properties first."""
    lines = []
    for row in rows:
        cells = (cell if cell.startswith("<") else w_paragraph(cell) for cell in row)
        lines.append("<w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in cells) + "</w:tr>")
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr>{''.join(lines)}</w:tbl>"


def w_box(*paragraphs: str, fill: str = "") -> str:
    """A run with a text box, in both of the forms that Word writes it in."""
    inner = f"<w:txbxContent>{''.join(paragraphs)}</w:txbxContent>"
    drawn = f"<wps:wsp><wps:spPr>{fill}</wps:spPr><wps:txbx>{inner}</wps:txbx></wps:wsp>"
    graphic = f"<a:graphic><a:graphicData>{drawn}</a:graphicData></a:graphic>"
    old = f"<w:pict><v:shape><v:textbox>{inner}</v:textbox></v:shape></w:pict>"
    return (
        f"<w:r><mc:AlternateContent><mc:Choice><w:drawing><wp:anchor>{graphic}</wp:anchor></w:drawing></mc:Choice>"
        f"<mc:Fallback>{old}</mc:Fallback></mc:AlternateContent></w:r>"
    )


def _relations(inner: str) -> str:
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>'


def archive(**members: bytes) -> bytes:
    """A zip archive; `__` in a name stands for `/`, `_dot_` for a full stop."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return buffer.getvalue()


def _escape(line: str) -> bytes:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("cp1252")


def _saved(save: object) -> bytes:
    buffer = BytesIO()
    save(buffer)  # type: ignore[operator]
    return buffer.getvalue()
