"""Word documents: what a reader of the page sees is read, once and in its place; the rest is said to be left out."""

from typing import Any

import pytest

from backend.documents.child import report
from tests.uploads import NAMESPACES, archive, w_box, w_paragraph, w_run, w_table, word_of

NOTES = "<w:footnote w:type='separator' w:id='0'><w:p/></w:footnote><w:footnote w:id='2'>{}</w:footnote>"
LIST = """<w:abstractNum w:abstractNumId="7">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>
</w:num>"""


def read(body: str, **parts: str) -> str:
    """The text of a document of this XML."""
    return str(reported(body, **parts)["text"])


def reported(body: str, **parts: str) -> dict[str, Any]:
    return report("docx", word_of(body, **parts))


def warned(body: str, **parts: str) -> dict[str, str]:
    """Kind of warning → its sentence; the document says "Seen." at its end."""
    told = reported(body + w_paragraph("Seen."), **parts)
    assert told["text"].endswith("Seen.")
    return {warning["kind"]: warning["message"] for warning in told["warnings"]}


def control(inner: str, properties: str = "") -> str:
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{inner}</w:sdtContent></w:sdt>"


def numbered(text: str, level: int = 0, num: int = 1) -> str:
    return w_paragraph(
        text, properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{num}"/></w:numPr>'
    )


# Content controls.


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (control(w_paragraph("Never in pregnancy.")), "Never in pregnancy."),
        (control(control(w_paragraph("Twice wrapped."))), "Twice wrapped."),
        (w_paragraph("The dose is ", control(w_run("5 mg")), " a day"), "The dose is 5 mg a day"),
        (control(w_table(["Dose", "5 mg"])), "Dose | 5 mg"),
        (w_table([control(w_paragraph("Dose")), "5 mg"]), "Dose | 5 mg"),
        (
            f"<w:tbl>{control('<w:tr><w:tc>' + w_paragraph('a row') + '</w:tc></w:tr>')}</w:tbl>",
            "a row",
        ),
        (
            f"<w:tbl><w:tr>{control('<w:tc>' + w_paragraph('5 mg') + '</w:tc>')}<w:tc>{w_paragraph('daily')}</w:tc>"
            "</w:tr></w:tbl>",
            "5 mg | daily",
        ),
        (f"<w:customXml>{w_paragraph('Custom.')}</w:customXml>", "Custom."),
        (w_paragraph("A ", f"<w:smartTag>{w_run('smart tag')}</w:smartTag>"), "A smart tag"),
        (w_paragraph(f"<w:hyperlink>{w_run('a link')}</w:hyperlink>"), "a link"),
        (w_paragraph(f"<w:fldSimple>{w_run('a field')}</w:fldSimple>"), "a field"),
    ],
)
def test_word_text_in_a_wrapper_is_read_where_it_stands(body: str, text: str) -> None:
    assert read(body) == text


def test_word_field_that_is_not_filled_in_is_left_out_with_a_warning() -> None:
    prompt = control(w_run("Click here to enter text."), "<w:showingPlcHdr/>")
    told = warned(w_paragraph("Name: ", prompt))
    assert told == {
        "empty_fields": "A field that isn't filled in was left out (paragraph 1): “Click here to enter text.”."
    }


# Beside the text.


def test_word_text_box_comes_after_its_paragraph_once() -> None:
    box = w_box(w_paragraph("Stop if your lips swell."), w_paragraph("Call us."))
    body = w_paragraph("Take one.", box) + w_paragraph("Rest.")
    assert read(body) == "Take one.\n\nStop if your lips swell.\n\nCall us.\n\nRest."


def test_word_old_text_box_and_a_table_in_one_are_read() -> None:
    box = f"<w:r><w:pict><v:shape><v:textbox><w:txbxContent>{w_table(['Dose', '5 mg'])}</w:txbxContent></v:textbox>"
    assert read(w_paragraph("Take one.", box + "</v:shape></w:pict></w:r>")) == "Take one.\n\nDose | 5 mg"


@pytest.mark.parametrize("kind", ["footnote", "endnote"])
def test_word_note_comes_after_its_paragraph_with_its_mark(kind: str) -> None:
    body = w_paragraph("No alcohol", f'<w:r><w:{kind}Reference w:id="2"/></w:r>', ".") + w_paragraph("Rest.")
    notes = NOTES.replace("footnote", kind).format(
        w_paragraph("Except after week 4.") + w_paragraph("Ask us.")
    )
    assert read(body, **{f"{kind}s": notes}) == (
        "No alcohol[1].\n\n[1] Except after week 4. Ask us.\n\nRest."
    )


def test_word_note_of_a_table_comes_after_the_table() -> None:
    body = w_table([w_paragraph("Dose", '<w:r><w:footnoteReference w:id="2"/></w:r>'), "5 mg"], ["x", "y"])
    notes = NOTES.format(w_paragraph("For adults."))
    assert read(body, footnotes=notes) == "Dose[1] | 5 mg\nx | y\n\n[1] For adults."


def test_word_smart_art_is_read_and_charts_pictures_and_objects_are_said_to_be_left_out() -> None:
    art = '<w:r><w:drawing><dgm:relIds r:dm="diagramData"/></w:drawing></w:r>'
    points = "".join(
        f"<dgm:pt><dgm:t><a:p><a:r><a:t>{t}</a:t></a:r></a:p></dgm:t></dgm:pt>" for t in ("Wash", "Dry")
    )
    assert read(w_paragraph(art), diagramData=points) == "- Wash\n\n- Dry"

    drawing = "<w:r><w:drawing><{}/></w:drawing></w:r>"
    told = warned(
        w_paragraph("One", drawing.format("pic:pic"))
        + w_paragraph("Two", drawing.format("pic:pic"), drawing.format("c:chart"), "<w:r><w:object/></w:r>")
        + "<w:altChunk/>"
    )
    assert told == {
        "pictures": "2 pictures were left out, with any text in them (paragraphs 2–3).",
        "charts": "A chart was left out (paragraph 3).",
        "embedded_objects": "2 embedded objects, such as other files, were left out (paragraph 3).",
    }


def test_word_headers_footers_and_comments_are_left_out_and_quoted() -> None:
    comment = f'<w:comment w:id="5">{w_paragraph("Is that right?")}</w:comment>'
    told = warned(
        w_paragraph("One.") + w_paragraph("Two.", '<w:r><w:commentReference w:id="5"/></w:r>'),
        comments=comment,
        header=w_paragraph("Leaflet 3"),
        footer=w_paragraph("7"),
    )
    assert told == {
        "comments": "A comment on the text was left out (paragraph 2): “Is that right?”.",
        "headers_and_footers": "A header or footer was left out: “Leaflet 3”.",
    }


# Tables.


def test_word_merged_cells_are_read_once_and_columns_stay_in_line() -> None:
    wide = "<w:tcPr><w:gridSpan w:val='2'/></w:tcPr>" + w_paragraph("Not with potassium")
    tall = "<w:tcPr><w:vMerge w:val='restart'/></w:tcPr>" + w_paragraph("Adults")
    under = "<w:tcPr><w:vMerge/></w:tcPr><w:p/>"
    body = w_table(
        ["Who", "Dose", "When"], [wide, "never"], [tall, "5 mg", "morning"], [under, "2.5 mg", "evening"]
    )
    assert read(body).split("\n") == [
        "Who | Dose | When",
        "Not with potassium |  | never",
        "Adults | 5 mg | morning",
        "| 2.5 mg | evening",
    ]


def test_word_table_in_a_cell_stays_in_its_row() -> None:
    inner = w_table(["faint", "dizzy"], ["fall", ""])
    assert read(w_table(["Call us if you", inner + "<w:p/>"])) == "Call us if you | faint, dizzy; fall"


def test_word_paragraphs_of_a_cell_never_grow_together() -> None:
    cell = w_paragraph("Children 6") + w_paragraph("2.5 mg")
    assert read(w_table([cell, "daily"])) == "Children 6; 2.5 mg | daily"


# Changes.


def test_word_inserted_text_is_read_and_deleted_text_is_not() -> None:
    changed = w_paragraph(
        "Take ",
        f"<w:del>{w_run('10').replace('w:t', 'w:delText')}</w:del>",
        f"<w:ins>{w_run('5')}</w:ins>",
        " mg.",
    )
    assert read(changed) == "Take 5 mg."
    assert warned(changed) == {
        "deleted_text": "A passage that is marked as deleted was left out (paragraph 1): “10”."
    }


def test_word_moved_text_is_read_where_it_was_moved_to() -> None:
    body = w_paragraph(f"<w:moveFrom>{w_run('Rest well.')}</w:moveFrom>", "Eat.")
    body += w_paragraph(f"<w:moveTo>{w_run('Rest well.')}</w:moveTo>")
    told = reported(body)
    assert told["text"] == "Eat.\n\nRest well."
    assert [warning["kind"] for warning in told["warnings"]] == ["moved_text"]


def test_word_deleted_row_and_deleted_paragraph_end_are_gone() -> None:
    table = w_table(["old", "9 mg"], ["new", "5 mg"]).replace("<w:tr>", "<w:tr><w:trPr><w:del/></w:trPr>", 1)
    assert read(table) == "new | 5 mg"
    joined = w_paragraph("Take it", properties="<w:rPr><w:del/></w:rPr>") + w_paragraph("with water.")
    assert read(joined) == "Take it with water."


def test_word_text_that_is_struck_out_is_left_out_with_a_warning() -> None:
    body = w_paragraph(
        "Take ",
        w_run("10", "<w:strike/>"),
        w_run(" mg ", "<w:dstrike/>"),
        w_run("5 mg", "<w:strike w:val='0'/>"),
    )
    assert read(body) == "Take 5 mg"
    assert (
        warned(body)["struck_out_text"] == "A passage that is struck out was left out (paragraph 1): “10 mg”."
    )


def test_word_text_around_what_is_struck_out_does_not_grow_together() -> None:
    struck = [w_run(text, "<w:strike/>") for text in ("5", " or two ", "u")]
    assert read(w_paragraph("Take 6", struck[0], "2.5 mg")) == "Take 6 2.5 mg"
    assert read(w_paragraph("one", struck[1], "three")) == "one three"
    assert read(w_paragraph("colo", struck[2], "r")) == "color"
    assert read(w_paragraph("Take 6", w_run("5", WHITE), "2.5 mg")) == "Take 6 2.5 mg"


@pytest.mark.parametrize(
    "between",
    [
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:r><w:t>or</w:t></w:r></w:sdtContent></w:sdt>",
        "<w:foo><w:r><w:t>or</w:t></w:r></w:foo>",
        "<w:r><w:drawing><wp:inline/></w:drawing></w:r>",
        "<w:r><w:object/></w:r>",
    ],
)
def test_word_numbers_around_what_is_not_read_do_not_grow_together(between: str) -> None:
    assert read(w_paragraph("Take 6", between, "2.5 mg")) == "Take 6 2.5 mg"


# What can be seen.

WHITE = "<w:color w:val='FFFFFF'/>"
DARK = "<w:shd w:val='clear' w:fill='1F3864'/>"


def filled(colour: str | None, outline: str | None = None) -> str:
    """Letters that are painted as newer versions of Word do; None: not."""

    def paint(name: str, value: str | None) -> str:
        inside = f"<w:solidFill><w:srgbClr w:val='{value}'/></w:solidFill>" if value else "<w:noFill/>"
        return f"<w:{name}>{inside}</w:{name}>"

    return paint("textFill", colour) + paint("textOutline", outline)


def styled(properties: str, style: str = "") -> str:
    """A style sheet whose style `S` has these properties of runs, and this of itself."""
    return (
        f"<w:style w:type='paragraph' w:styleId='S'><w:name w:val='S'/>{style}<w:rPr>{properties}</w:rPr></w:style>"
        "<w:style w:type='table' w:styleId='D'><w:name w:val='D'/><w:tblStylePr w:type='firstRow'><w:tcPr>"
        f"{DARK}</w:tcPr></w:tblStylePr></w:style>"
    )


IN_S = "<w:pStyle w:val='S'/>"


@pytest.mark.parametrize(
    ("body", "styles"),
    [
        (w_paragraph(w_run("Seen", WHITE + DARK)), ""),
        (w_paragraph(w_run("Seen", WHITE + "<w:highlight w:val='darkBlue'/>")), ""),
        (w_paragraph(w_run("Seen", WHITE), properties=DARK), ""),
        (w_table([f"<w:tcPr>{DARK}</w:tcPr>" + w_paragraph(w_run("Seen", WHITE))]), ""),
        (w_table([w_paragraph(w_run("Seen", WHITE))], properties=DARK), ""),
        (w_table([w_paragraph(w_run("Seen", WHITE))], properties="<w:tblStyle w:val='D'/>"), styled("")),
        (w_paragraph(w_run("Seen"), properties=IN_S + DARK), styled(WHITE)),
        (w_paragraph(w_run("Seen", "<w:color w:val='auto'/>")), ""),
        (w_paragraph(w_run("Seen", "<w:vanish w:val='0'/>"), properties=IN_S), styled("<w:vanish/>")),
        (w_paragraph(w_run("Seen", "<w:color w:val='C00000'/>")), ""),
        (w_paragraph(w_run("Seen", filled("FFFFFF", "C00000"))), ""),
        (w_paragraph(w_run("Seen", filled(None, "C00000"))), ""),
        (w_paragraph(w_run("Seen", filled("000000", "FFFFFF"))), ""),
        (
            w_paragraph(
                w_box(
                    w_paragraph(w_run("Seen", WHITE)),
                    fill="<a:solidFill><a:srgbClr val='C00000'/></a:solidFill>",
                )
            ),
            "",
        ),
        (w_paragraph(w_box(w_paragraph(w_run("Seen", WHITE)), fill="<a:blipFill/>")), ""),
    ],
)
def test_word_text_that_stands_out_from_its_ground_is_read(body: str, styles: str) -> None:
    assert read(body, styles=styles) == "Seen"


@pytest.mark.parametrize(
    ("body", "styles"),
    [
        (w_paragraph(w_run("Unseen", WHITE)), ""),
        (w_paragraph(w_run("Unseen", "<w:color w:val='FEFEFE'/>")), ""),
        (w_paragraph(w_run("Unseen", "<w:color w:val='1F3864'/>" + DARK)), ""),
        (w_paragraph(w_run("Unseen", WHITE + "<w:shd w:val='clear' w:fill='FFFFFF'/>")), ""),
        (w_paragraph(w_run("Unseen", "<w:vanish/>")), ""),
        (w_paragraph(w_run("Unseen", filled(None, "FFFFFF"))), ""),
        (w_paragraph(w_run("Unseen", filled("FEFEFE", "FFFFFF"))), ""),
        (w_paragraph(w_run("Unseen", "<w:sz w:val='2'/>")), ""),
        (w_paragraph(w_run("Unseen"), properties=IN_S), styled("<w:vanish/>")),
        (w_paragraph(w_run("Unseen"), properties=IN_S), styled(WHITE)),
        (w_paragraph(w_box(w_paragraph(w_run("Unseen", WHITE)))), ""),
    ],
)
def test_word_text_that_nobody_sees_is_left_out_with_a_warning(body: str, styles: str) -> None:
    assert warned(body, styles=styles) == {
        "hidden_text": "Text that readers don't see was left out: “Unseen”."
    }


# Numbers and signs.


def test_word_numbers_of_lists_and_headings_are_read_as_word_counts_them() -> None:
    items = [("Wash", 0), ("hands", 1), ("face", 1), ("Dry", 0), ("again", 1)]
    body = "".join(numbered(*item) for item in items) + numbered("Anew", num=2)
    assert read(body, numbering=LIST.format(form="decimal")).split("\n\n") == [
        "1. Wash", "1.1 hands", "1.2 face", "2. Dry", "2.1 again", "1. Anew",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "marks"),
    [
        ("lowerLetter", ["a.", "b."]), ("upperRoman", ["I.", "II."]), ("hebrew1", ["א.", "ב."]), ("bullet", ["-", "-"]),
        ("decimalZero", ["01.", "02."]),
    ],
)  # fmt: skip
def test_word_numbers_are_written_in_their_form(form: str, marks: list[str]) -> None:
    text = read(numbered("Wash") + numbered("Dry"), numbering=LIST.format(form=form))
    assert text == f"{marks[0]} Wash\n\n{marks[1]} Dry"


def test_word_heading_of_a_style_of_ones_own_is_a_heading_with_its_number() -> None:
    styles = (
        "<w:style w:type='paragraph' w:styleId='H'><w:name w:val='heading 2'/></w:style>"
        "<w:style w:type='paragraph' w:styleId='S'><w:name w:val='Mine'/><w:basedOn w:val='H'/></w:style>"
    )
    heading = numbered("Dose").replace("<w:pPr>", f"<w:pPr>{IN_S}")
    assert read(heading + w_paragraph("5 mg"), styles=styles, numbering=LIST.format(form="decimal")) == (
        "## 1. Dose\n\n5 mg"
    )


@pytest.mark.parametrize(
    ("run", "text"),
    [
        ("<w:r><w:t>5 </w:t><w:sym w:font='Symbol' w:char='F06D'/><w:t>g</w:t></w:r>", "5 μg"),
        ("<w:r><w:sym w:font='Wingdings' w:char='F0FC'/></w:r>" + w_run(" done"), "✓ done"),
        (w_run("10") + w_run("3", "<w:vertAlign w:val='superscript'/>") + w_run(" units"), "10³ units"),
        (w_run("H") + w_run("2", "<w:vertAlign w:val='subscript'/>") + w_run("O"), "H₂O"),
        (
            "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r>",
            "a b\nc-d",
        ),
        (
            "<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>"
            + w_run(" tablet"),
            "1/2 tablet",
        ),
        (
            "<m:oMath><m:sSup><m:e><m:r><m:t>10</m:t></m:r></m:e><m:sup><m:r><m:t>3</m:t></m:r></m:sup></m:sSup></m:oMath>",
            "10³",
        ),
        (
            "<w:r><w:ruby><w:rt><w:r><w:t>かん</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase></w:ruby></w:r>",
            "漢",
        ),
        (
            "<w:r><w:fldChar><w:ffData><w:ddList><w:result w:val='1'/><w:listEntry w:val='daily'/>"
            "<w:listEntry w:val='weekly'/></w:ddList></w:ffData></w:fldChar></w:r>",
            "weekly",
        ),
    ],
)
def test_word_signs_are_read_as_what_they_look_like(run: str, text: str) -> None:
    assert read(w_paragraph(run)) == text


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (w_paragraph(f"<w:foo>{w_run('Odd words')}</w:foo>"), "unknown_content", "Odd words"),
        (f"<w:foo>{w_paragraph('Odd words')}</w:foo>", "unknown_content", "Odd words"),
        (w_paragraph("<w:r><w:contentPart/></w:r>"), "pictures", "A picture"),
        (
            f"<w:tbl><w:del><w:tr><w:tc>{w_paragraph('Old row')}</w:tc></w:tr></w:del></w:tbl>",
            "deleted_text",
            "Old row",
        ),
        (
            w_table([f"<w:tcPr><w:vMerge w:val='restart'/></w:tcPr>{w_paragraph('Top')}"])
            + w_table([f"<w:tcPr><w:vMerge/></w:tcPr>{w_paragraph('Beneath')}"]),
            "hidden_text",
            "Beneath",
        ),
        (
            f"<w:tbl>{control('<w:tr><w:tc>' + w_paragraph('Click here') + '</w:tc></w:tr>', '<w:showingPlcHdr/>')}"
            "</w:tbl>",
            "empty_fields",
            "Click here",
        ),
        (
            "<w:tbl><w:tr>"
            + control(f"<w:tc>{w_paragraph('Click here')}</w:tc>", "<w:showingPlcHdr/>")
            + "</w:tr></w:tbl>",
            "empty_fields",
            "Click here",
        ),
        (
            w_paragraph(w_run("Not painted", "<w:textFill><w:noFill/></w:textFill>")),
            "hidden_text",
            "Not painted",
        ),
        (
            w_paragraph(
                w_run(
                    "White", "<w:textFill><w:solidFill><w:srgbClr w:val='FFFFFF'/></w:solidFill></w:textFill>"
                )
            ),
            "hidden_text",
            "White",
        ),
    ],
)
def test_word_text_that_is_passed_over_is_said_to_be(body: str, kind: str, said: str) -> None:
    assert said not in read(body + w_paragraph("Seen."))
    assert said in warned(body)[kind]


def test_word_words_of_a_drawing_without_a_text_box_are_read() -> None:
    days = (f"<a:p><a:r><a:t>Day {day}</a:t></a:r></a:p>" for day in (1, 2))
    body = f"<a:sp><a:txBody>{''.join(days)}</a:txBody></a:sp>"
    drawing = (
        f"<w:r><w:drawing><a:graphic><a:graphicData>{body}</a:graphicData></a:graphic></w:drawing></w:r>"
    )
    assert read(w_paragraph("Plan", drawing)) == "Plan\n\nDay 1\n\nDay 2"


def test_word_alternative_that_word_does_not_know_is_passed_by() -> None:
    def choice(requires: str) -> str:
        return f"<mc:Choice {requires}>{w_run('Drawn')}</mc:Choice>"

    fallback = f"<mc:Fallback>{w_run('Plain')}</mc:Fallback>"
    for requires, text in (
        ("xmlns:q='http://example.org/q' Requires='q'", "Plain"),
        ("Requires='wps'", "Drawn"),
        ("xmlns:v='urn:schemas-microsoft-com:vml' Requires='v'", "Drawn"),
        ("", "Drawn"),
        ("Requires='none'", "Plain"),
    ):
        both = f"<mc:AlternateContent>{choice(requires)}{fallback}</mc:AlternateContent>"
        assert read(w_paragraph(both)) == text, requires


def test_word_sign_that_nobody_knows_is_said_to_be_left_out() -> None:
    told = warned(w_paragraph("5 ", "<w:r><w:sym w:font='Mine' w:char='F001'/></w:r>"))
    assert told == {
        "unknown_characters": "A character whose meaning the file doesn't say was left out (paragraph 1)."
    }


def test_word_document_of_the_strict_standard_is_read() -> None:
    strict = NAMESPACES.replace(
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    data = archive(
        word__document_dot_xml=f"<w:document {strict}><w:body>{w_paragraph('Hello.')}</w:body></w:document>".encode()
    )
    assert report("docx", data)["text"] == "Hello."
