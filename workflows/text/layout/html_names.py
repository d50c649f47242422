"""Names of HTML elements, by their layout on a page."""

_ELEMENTS = """
a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote body br button
canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset
figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe image img
input ins kbd label legend li link main map mark marquee math menu meta meter nav nobr noframes noscript object ol
optgroup option output p param picture plaintext pre progress q rp rt ruby s samp script search section select slot
small source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title
tr track tt u ul var video wbr xmp
"""
# Of a formula that has no end; whole ones are read as formulas.
_FORMULA = """
annotation maction menclose merror mfenced mfrac mi mn mo mover mpadded mphantom mroot mrow ms mspace msqrt mstyle msub
msubsup msup mtable mtd mtext mtr munder munderover semantics
"""
_VOID = "area base br col embed frame hr image img input link meta param source track wbr"
_BLOCKS = """
address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure
footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe legend li main menu nav noframes noscript ol
optgroup option p plaintext pre search section select summary svg table tbody td textarea tfoot th thead title tr ul
video xmp
"""
_APART = "audio button canvas embed image img input label math meter object output progress rt"

ELEMENTS = frozenset(f"{_ELEMENTS} {_FORMULA}".split())
VOID = frozenset(_VOID.split())
RAW = frozenset({"script", "style", "svg"})
"""Their contents are no text of the document; `svg` is a picture."""
BLOCKS = frozenset(_BLOCKS.split())
APART = frozenset(f"{_APART} {_FORMULA}".split())
"""They stand in a line, with room around them."""
CELLS = frozenset({"td", "th"})
LISTS = frozenset({"ul", "ol", "menu", "dir"})
LINES = frozenset({"dt", "dd", "tr", "caption", "li", "option", "optgroup", "summary", "legend"})
"""Blocks without room above and below."""
_ROWS = frozenset({"tr", "tbody", "thead", "tfoot"})
CLOSED_BY = {
    "p": BLOCKS - _ROWS - CELLS - {"option", "optgroup", "caption"},
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "option": frozenset({"option", "optgroup"}),
    "td": _ROWS | CELLS,
    "th": _ROWS | CELLS,
    "tr": _ROWS,
}
"""Element → those that end it where its own end isn't written."""
