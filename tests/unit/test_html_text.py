"""HTML in a text: what a browser shows stays, and nothing grows together that stands apart on a page."""

from time import thread_time

import pytest

from workflows.text.layout.html_text import HtmlText, escape_tags, read_html
from workflows.text.streams.normaliser import normalise


def shown(source: str) -> str:
    """The visible text, cleaned as every text is."""
    return normalise(escape_tags(read_html(source).text))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Children 6<br>2.5 mg", "Children 6\n2.5 mg"),
        ("Children 6<br/>\n2.5 mg", "Children 6\n2.5 mg"),
        ("One<hr>Two", "One\n\nTwo"),
        ("<span class='c'>6</span><span class='c'>2.5 mg</span>", "6 2.5 mg"),
        ("<span style='display:block'>6</span><span style='display:block'>2.5</span>", "6 2.5"),
        ("<span class='first'>O</span><span class='rest'>nce</span>", "Once"),
        ("<b>6</b><i>2.5</i>", "62.5"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div>Two<section>Three</section>", "One\n\nTwo\n\nThree"),
        ("<h2>Dose</h2>5 mg", "## Dose\n\n5 mg"),
        ("<ul><li>Keep cool</li><li>Keep dry</li></ul>", "- Keep cool\n- Keep dry"),
        ("<ul><li><p>One</p></li><li><p>Two</p></li></ul>", "- One\n\n- Two"),
        ("<ol start='3'><li>A<li>B<li value='9'>C</ol>D", "3. A\n4. B\n9. C\n\nD"),
        ("<dl><dt>Dose<dd>5 mg<dt>When<dd>daily</dl>", "Dose\n5 mg\nWhen\ndaily"),
        ("<details><summary>Warning</summary>Never</details>", "Warning\nNever"),
        ("<select><option>5 mg<option>10 mg</select>", "5 mg\n10 mg"),
        ("<button>5</button><button>10</button>", "5 10"),
        ("H<b>ea</b>rt and <i>it</i>alics", "Heart and italics"),
        ("10<sup>3</sup> H<sub>2</sub>O", "10³ H₂O"),
        ("5<img src='x'>mg", "5 mg"),
        ("super<wbr>market", "supermarket"),
    ],
)
def test_html_elements_stand_as_far_apart_as_on_a_page(source: str, text: str) -> None:
    assert shown(source) == text


def math(*elements: str) -> str:
    """A formula: `mi:x` is an element with a text, anything else stands as it is."""
    parts = (
        f"<{name}>{text}</{name}>" if text else name for name, _, text in (e.partition(":") for e in elements)
    )
    return f"<math>{''.join(parts)}</math>"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (math("mi:π", "<msup>", "mi:r", "mn:2", "</msup>"), "πr²"),
        (
            math("mi:x", "mo:=", "<mfrac>", "<mrow>", "mi:a", "mo:+", "mi:b", "</mrow>", "mn:2", "</mfrac>"),
            "x = (a + b)/2",
        ),
        (math("<msqrt>", "mi:x", "mo:−", "mn:1", "</msqrt>"), "√(x − 1)"),
        (math("<mroot>", "mi:x", "mn:3", "</mroot>"), "³√(x)"),
        (math("<msubsup>", "mi:x", "mi:i", "mn:2", "</msubsup>"), "x_i²"),
        (math("<mfenced>", "mi:a", "mi:b", "</mfenced>"), "(a, b)"),
        (math("mn:5", "mo:&lt;", "mi:&alpha;"), "5 < α"),
        (math("mi:sin", "mi:x"), "sin x"),
        (
            math("<mtable>", *["<mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr>"] * 2, "</mtable>"),
            "1, 2; 1, 2",
        ),
        (math("<semantics>", "mi:E", "annotation:E=mc^2", "</semantics>"), "E"),
        (
            "Dose <mml:math><mml:mn>6</mml:mn><mml:mn>2.5</mml:mn><mml:mtext>mg</mml:mtext></mml:math> a day",
            "Dose 6 2.5 mg a day",
        ),
        ("Area" + math("mi:A") + "of it", "Area A of it"),
        ("No end: <math><mn>6</mn><mn>2.5</mn> mg", "No end: 6 2.5 mg"),
        ("`<math><mi>x</mi></math>`", "`‹math>‹mi>x‹/mi>‹/math>`"),
    ],
)
def test_formulas_read_as_text_and_their_numbers_stay_apart(source: str, text: str) -> None:
    assert shown(source) == text


@pytest.mark.parametrize("part", ["<math>", "<math><mi>", "<mfrac>", "<!--", "</mi>", "<mo>x</mo>"])
def test_formulas_are_read_in_linear_time(part: str) -> None:
    def measure(size: int) -> float:
        source = f"<math>{(part * size)[:size]}</math>"
        times = []
        for _ in range(2):
            began = thread_time()
            read_html(source)
            times.append(thread_time() - began)
        return min(times)

    assert measure(40_000) < 4 * measure(20_000) + 0.05


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<table><tr><td>All</td><td>5 mg</td></tr><tr><td>Aged 6<td>2.5 mg</table>", "All | 5 mg\nAged 6 | 2.5 mg"),
        ("<table><thead><tr><th>Who<th>Dose<tbody><tr><td>All<td>5</table>After", "Who | Dose\nAll | 5\n\nAfter"),
        ("<table><caption>Doses</caption><tr><td>5<td>6</table>", "Doses\n5 | 6"),
        ("<table><tr><td>5<br>10</td><td><p>a</p><p>b</p></td></tr></table>", "5; 10 | a; b"),
        ("<table><tr><td><ul><li>a<li>b</ul><td>c</table>", "a; b | c"),
        ("<table><tr><td>\n  Adults\n </td>\n <td> 5\n mg </td></tr></table>", "Adults | 5 mg"),
        ("<table><tr><td colspan=2>wide</td><td>c</td></tr></table>", "wide |  | c"),
        ("<table><tr><td rowspan=2>tall<td>a<tr><td>b</table>", "tall | a\n| b"),
        ("<table><tr><td></td><td>b</td></tr><tr><td></td></tr></table>", "| b"),
        ("<table><tr><td>x<td><table><tr><td>a<td>b<tr><td>c</table></table>", "x | a, b; c"),
        ("<td>lost</td><td>cells</td>", "lost\n\ncells"),
        ("| 5 mg<br>10 mg | x |\n|---|---|\n", "| 5 mg; 10 mg | x |\n|---|---|"),
    ],
)  # fmt: skip
def test_html_tables_are_rows_of_cells(source: str, text: str) -> None:
    assert shown(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("3 < 5 and 7 > 6, <3", "3 < 5 and 7 > 6, <3"),
        ("<https://example.org/a> <a.b@example.org>", "https://example.org/a a.b@example.org"),
        ("AT&amp;T, 5&nbsp;mg, &lt;5 mg, &euro;5, &#8364;6, &nosuch; &", "AT&T, 5\u00a0mg, <5 mg, €5, €6, &nosuch; &"),
        ("&#99999999999999999999;", "&#99999999999999999999;"),
        ("the tag &lt;b&gt;", "the tag ‹b>"),
        ("`<b>` and ``<i>`</i>``", "`‹b>` and ``‹i>`‹/i>``"),
        ("```html\n<p>a</p>\n```\n<p>b</p>", "```html\n‹p>a‹/p>\n```\n\nb"),
        ("a ` b <b>c</b>\n\nd ` e", "a ` b c\n\nd ` e"),
        ("<my-note>x</my-note>", "‹my-note>x‹/my-note>"),
        ("<a title='5 > 4'>x</a>", "x"),
    ],
)  # fmt: skip
def test_html_that_is_none_stays_as_it_is_seen(source: str, text: str) -> None:
    shown_text = escape_tags(read_html(source).text)
    assert normalise(shown_text) == text


@pytest.mark.parametrize(
    ("source", "text", "hidden"),
    [
        ("A<!-- draft -->B", "AB", ("draft",)),
        ("<div hidden>secret <b>words</b></div>Seen", "Seen", ("secret  words",)),
        ("<p style='display : none'>x</p><p>Seen", "Seen", ("x",)),
        ("<span style='font-size:0px'>x</span>Seen", "Seen", ("x",)),
        ("<span style='opacity: 0'>x</span><span style='opacity: 0.5'>Seen</span>", "Seen", ("x",)),
        ("<p hidden>x<p>Seen", "Seen", ("x",)),
        ("<ul><li hidden>x<li>Seen</ul>", "- Seen", ("x",)),
        ("<template>x</template>Seen", "Seen", ("x",)),
        ("<td hidden>6</td>Seen", "Seen", ("6",)),
        ("<p class='hidden'>Seen</p>", "Seen", ()),
        # What has no end hides nothing.
        ("<div hidden>Seen", "Seen", ()),
        ("A <!-- Seen", "A ‹!-- Seen", ()),
        ("<script>Seen", "Seen", ()),
    ],
)
def test_html_that_is_hidden_is_told_apart(source: str, text: str, hidden: tuple[str, ...]) -> None:
    page = read_html(source)
    assert (shown(source), page.hidden) == (text, hidden)


def test_html_counts_what_it_leaves_out() -> None:
    page = read_html(
        "<s>5 mg</s><del>6</del> 7<script>var x='<p>'</script><style>p{}</style><img><img alt='y'>8"
    )
    assert page == HtmlText(text=" 7 8", struck=("5 mg", "6"), scripts=2, pictures=2)


def test_html_text_of_a_field_is_read_and_a_reading_aid_stands_apart() -> None:
    assert read_html("Dose <input value='5 mg'> now <input type=hidden value=x>").text == "Dose 5 mg now "
    unseen = read_html("Dose <input hidden value='7 mg'><input value='8 mg' style='display: none'>5 mg")
    assert (unseen.text, unseen.hidden) == ("Dose 5 mg", ("7 mg", "8 mg"))
    assert read_html("<ruby>漢<rt>kan</rt></ruby>字").text == "漢 kan 字"
