"""Plots as SVG text: lines, bars with intervals, a matrix. Self-contained, so that a report is one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 28, 42
_INK, _FAINT, _FILL = "#22303c", "#d5dbe1", "#2f6f9f"


@dataclass(frozen=True, slots=True)
class Line:
    """Points of one line; `faint` ones lie behind, `dots` are drawn at the points."""

    x: Sequence[float]
    y: Sequence[float]
    name: str = ""
    faint: bool = False
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart; `low` and `high` are its interval, `note` is written behind it."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""


def _svg(width: int, height: int, title: str, body: Sequence[str]) -> str:
    words = f'<text x="8" y="17" class="title">{escape(title)}</text>'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">{words}{"".join(body)}</svg>'
    )


def _text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    marked = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{marked}>{escape(words)}</text>'


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str = _INK, width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width:g}"/>'


def lines(title: str, drawn: Sequence[Line], x_words: str, y_words: str, *, x_max: float = 1, y_max: float = 1) -> str:
    """Draw lines over 0..`x_max` and 0..`y_max`."""
    across, up = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    body = []
    for step in range(6):
        x, y = _LEFT + across * step / 5, HEIGHT - _BOTTOM - up * step / 5
        body += [_stroke(_LEFT, y, WIDTH - _RIGHT, y, _FAINT), _stroke(x, _TOP, x, HEIGHT - _BOTTOM, _FAINT)]
        body += [_text(x, HEIGHT - _BOTTOM + 14, f"{x_max * step / 5:.3g}", "middle"),
                 _text(_LEFT - 5, y + 4, f"{y_max * step / 5:.3g}", "end")]  # fmt: skip
    for line in sorted(drawn, key=lambda one: not one.faint):
        places = [
            (_LEFT + across * min(x / x_max, 1.0), HEIGHT - _BOTTOM - up * min(y / y_max, 1.0))
            for x, y in zip(line.x, line.y, strict=True)
        ]
        colour, width = (_FAINT, 1.5) if line.faint else (_FILL, 2)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        body.append(f'<polyline fill="none" stroke="{colour}" stroke-width="{width}" points="{path}">'
                    f"<title>{escape(line.name)}</title></polyline>")  # fmt: skip
        if line.dots:
            body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places]
    body += [_text(_LEFT + across / 2, HEIGHT - 8, x_words, "middle"), _text(4, _TOP - 2, y_words, kind="axis")]
    return _svg(WIDTH, HEIGHT, title, body)


def bars(title: str, rows: Sequence[Bar], top: float, mark: float | None = None, *, width: int = 620) -> str:
    """Draw one bar a row over 0..`top`, with its interval; `mark` is a line across all."""
    left, pitch = 190, 19
    height, across = _TOP + pitch * len(rows) + 26, width - left - 90
    body = []
    for place, row in enumerate(rows):
        y = _TOP + pitch * place
        body.append(_text(left - 6, y + 13, row.name, "end"))
        if row.value is None:
            body.append(_text(left + 4, y + 13, row.note or "none", kind="axis"))
            continue
        long = across * min(row.value / top, 1.0)
        body.append(f'<rect x="{left}" y="{y + 3}" width="{long:.1f}" height="{pitch - 6}" fill="{_FILL}"/>')
        if row.low is not None and row.high is not None:
            low, high = (left + across * min(max(value / top, 0.0), 1.0) for value in (row.low, row.high))
            body.append(_stroke(low, y + pitch / 2, high, y + pitch / 2, _INK, 1.5))
        body.append(_text(width - 84, y + 13, f"{row.value:.3g} {row.note}"))
    bottom = _TOP + pitch * len(rows)
    body += [_text(left + across * step / 4, bottom + 16, f"{top * step / 4:.3g}", "middle") for step in range(5)]
    if mark is not None:
        body.append(_stroke(left + across * mark / top, _TOP, left + across * mark / top, bottom, "#b3402a", 1.5))
    return _svg(width, height, title, body)


def histogram(title: str, values: Sequence[float], x_words: str, bins: int = 24) -> str:
    """Draw how often values fall into steps from 0 to the largest."""
    top = max([*values, 1.0])
    counts = [0] * bins
    for value in values:
        counts[min(max(int(value / top * bins), 0), bins - 1)] += 1
    most, across, up = max([*counts, 1]), WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    body = [_stroke(_LEFT, HEIGHT - _BOTTOM, WIDTH - _RIGHT, HEIGHT - _BOTTOM)]
    for place, count in enumerate(counts):
        high = up * count / most
        body.append(
            f'<rect x="{_LEFT + across * place / bins:.1f}" y="{HEIGHT - _BOTTOM - high:.1f}" '
            f'width="{across / bins - 1:.1f}" height="{high:.1f}" fill="{_FILL}"/>'
        )
    steps = [(_LEFT + across * step / 5, f"{top * step / 5:.3g}") for step in range(6)]
    body += [_text(x, HEIGHT - _BOTTOM + 14, words, "middle") for x, words in steps]
    body += [_text(_LEFT - 5, _TOP + 8, str(most), "end"), _text(_LEFT + across / 2, HEIGHT - 8, x_words, "middle")]
    return _svg(WIDTH, HEIGHT, title, body)


def matrix(title: str, rows: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Draw counts as squares, each row shaded by its shares."""
    side, left, top = 26, 180, 160
    width, height = left + side * len(columns) + 20, top + side * len(rows) + 12
    body = []
    for place, name in enumerate(columns):
        x = left + side * place + 17
        body.append(f'<text transform="translate({x},{top - 6}) rotate(-60)">{escape(name)}</text>')
    for down, (name, row) in enumerate(zip(rows, counts, strict=True)):
        y, whole = top + side * down, max(sum(row), 1)
        body.append(_text(left - 6, y + 17, name, "end"))
        for place, count in enumerate(row):
            share = count / whole
            x = left + side * place
            body.append(f'<rect x="{x}" y="{y}" width="{side - 1}" height="{side - 1}" fill="{_FILL}" '
                        f'fill-opacity="{0.04 + 0.96 * share:.2f}"/>')  # fmt: skip
            if count:
                body.append(_text(x + side / 2, y + 17, str(count), "middle", "light" if share > 0.5 else ""))
    return _svg(width, height, title, body)
