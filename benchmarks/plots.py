"""Line plots as SVG, side by side: points that were measured, and a straight line through the origin and the last."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

_WIDTH, _HEIGHT = 380, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 34, 44
_COLUMNS = 2
_TITLE = 40
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}.name{font-weight:600}"
    ".axis{stroke:#999}.grid{stroke:#eee}.line{stroke:#1f6feb;fill:none;stroke-width:2}.dot{fill:#1f6feb}"
    ".straight{stroke:#999;stroke-dasharray:4 4}"
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


def draw(title: str, panels: Sequence[Panel], x_name: str) -> str:
    """The panels, two a row, as an SVG document."""
    rows = -(-len(panels) // _COLUMNS)
    width, height = _COLUMNS * _WIDTH, _TITLE + rows * _HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text class="title" x="{_LEFT}" y="26">{escape(title)}</text>',
    ]
    for position, panel in enumerate(panels):
        x, y = position % _COLUMNS * _WIDTH, _TITLE + position // _COLUMNS * _HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{_panel(panel, x_name)}</g>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, x_name: str) -> str:
    most_x, most_y = _ceiling(max(panel.xs)), _ceiling(max(panel.ys))
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT

    def at(x: float, y: float) -> tuple[float, float]:
        return _LEFT + x / most_x * (right - _LEFT), bottom - y / most_y * (bottom - _TOP)

    parts = [f'<text class="name" x="{_LEFT}" y="20">{escape(panel.name)}</text>']
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = at(share * most_x, share * most_y)
        parts += [
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share * most_y:,.4g}</text>',
            f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{share * most_x:,.4g}</text>',
        ]
    points = [at(x, y) for x, y in zip(panel.xs, panel.ys, strict=True)]
    (x0, y0), (x1, y1) = at(0, 0), points[-1]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts += [
        f'<text x="{(_LEFT + right) / 2}" y="{bottom + 34}" text-anchor="middle">{escape(x_name)}</text>',
        f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>',
        f'<line class="straight" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"/>',
        f'<polyline class="line" points="{path}"/>',
        *(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points),
    ]
    return "".join(parts)


def _ceiling(value: float) -> float:
    """The least of 1, 2, 2.5, 4, 5, 8 or 10 times a power of ten that isn't less."""
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 2.5, 4, 5, 8, 10) if step * power >= value)
