"""Files as people upload them, made on the spot."""

import zlib
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


def pdf(*pages: list[str]) -> bytes:
    """A PDF with these lines on its pages, written by hand: no library of ours writes text into one."""
    objects: list[bytes] = [
        b"",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    kids = []
    for lines in pages:
        shown = b"\n".join(b"(" + _escape(line) + b") Tj T*" for line in lines)
        content = zlib.compress(b"BT /F1 11 Tf 14 TL 50 800 Td\n" + shown + b"\nET")
        objects.append(
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), content)
        )
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
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


def encrypted_pdf(password: str = "secret") -> bytes:
    """A PDF that opens with a password only."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf(["Hidden."]))))
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    return _saved(writer.write)


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
