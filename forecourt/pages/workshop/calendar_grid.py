"""The calendar as a table: one row per bay or technician, columns of five minutes, cells that span them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aftersales.workshop.hours import meet, without

COLUMN = timedelta(minutes=5)
HOUR = timedelta(hours=1)
DEFAULT_OPEN = timedelta(hours=8), timedelta(hours=18)  # what a closed day shows, from its midnight


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of a row: `kind` is free, closed, absent, buffer or visit; `columns` how many it spans."""

    kind: str
    start: datetime
    columns: int
    visit: Mapping[str, Any] | None = None

    @property
    def end(self) -> datetime:
        return self.start + self.columns * COLUMN


@dataclass(frozen=True, slots=True)
class Line:
    resource: Mapping[str, Any]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    begin: datetime
    end: datetime
    hours: tuple[datetime, ...]
    bays: tuple[Line, ...]
    technicians: tuple[Line, ...]
    loaners: tuple[Line, ...]

    @property
    def columns(self) -> int:
        return _columns(self.begin, self.end)


def grid(plan: Mapping[str, Any], midnight: datetime) -> Grid:
    """Lay out the plan of a day (`aftersales.visits.day_plan`); what reaches over them is cut at their ends."""
    opened = [_span(pair) for pair in plan["open"]] or [(midnight + DEFAULT_OPEN[0], midnight + DEFAULT_OPEN[1])]
    begin, end = _shown([*opened, *_worked(plan, midnight)], midnight)
    hours = tuple(begin + number * HOUR for number in range(-(-(end - begin) // HOUR)))

    def lines(kind: str) -> tuple[Line, ...]:
        return tuple(Line(one, _cells(plan, one, begin, end)) for one in plan[kind])

    return Grid(begin, end, hours, lines("bays"), lines("technicians"), lines("loaners"))


def _worked(plan: Mapping[str, Any], midnight: datetime) -> list[tuple[datetime, datetime]]:
    """Give when technicians are booked on this day: it is shown though the workshop may be closed by now."""
    people = {one["id"] for one in plan["technicians"]}
    spans = [_span((one["start"], one["end"])) for one in plan["taken"] if one["resource"] in people]
    return meet([(midnight, midnight + timedelta(days=1))], spans)


def _shown(spans: Sequence[tuple[datetime, datetime]], midnight: datetime) -> tuple[datetime, datetime]:
    """Give whole hours around the spans."""
    opens, closes = min(span[0] for span in spans), max(span[1] for span in spans)
    return midnight + (opens - midnight) // HOUR * HOUR, midnight + -(-(closes - midnight) // HOUR) * HOUR


def _cells(plan: Mapping[str, Any], resource: Mapping[str, Any], begin: datetime, end: datetime) -> tuple[Cell, ...]:
    """Give the cells of one row, in order, without a gap."""
    spans = [_span(pair) for pair in resource["open"]]
    cells: list[Cell] = []
    at = begin
    for block in _blocks(plan, resource, begin, end):
        if block.start >= at:
            cells += [*_idle(spans, at, block.start), block]
            at = block.end
    return tuple(cells + _idle(spans, at, end))


def _blocks(plan: Mapping[str, Any], resource: Mapping[str, Any], begin: datetime, end: datetime) -> list[Cell]:
    """Give what takes a bay or technician: absences, and visits with their buffers ahead and after."""
    mine = [_span((one["start"], one["end"])) for one in plan["taken"] if one["resource"] == resource["id"]]
    # Who is away may still have visits, which are to be moved: they are seen.
    away = without([_span(pair) for pair in resource["absent"]], mine)
    found = [Cell("absent", *_within(span, begin, end)) for span in away]
    for one in plan["taken"]:
        if one["resource"] == resource["id"]:
            visit = plan["visits"][one["visit"]]
            taken, work = (_read(one["start"]), _read(one["end"])), (_read(visit["start"]), _read(visit["end"]))
            pieces = (
                ("buffer", (taken[0], min(work[0], taken[1]))),
                ("visit", (max(work[0], taken[0]), min(work[1], taken[1]))),
                ("buffer", (max(work[1], taken[0]), taken[1])),
            )
            found += [Cell(kind, *_within(span, begin, end), visit) for kind, span in pieces]
    return sorted((cell for cell in found if cell.columns > 0), key=lambda cell: cell.start)


def _idle(spans: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime) -> list[Cell]:
    """Give what lies between two blocks: free while the workshop is open, closed else."""
    cells: list[Cell] = []
    at = start
    for span in spans:
        opens, closes = max(span[0], at), min(span[1], end)
        if opens >= closes:
            continue
        if opens > at:
            cells.append(Cell("closed", at, _columns(at, opens)))
        cells.append(Cell("free", opens, _columns(opens, closes)))
        at = closes
    if at < end:
        cells.append(Cell("closed", at, _columns(at, end)))
    return [cell for cell in cells if cell.columns > 0]


def _within(span: tuple[datetime, datetime], begin: datetime, end: datetime) -> tuple[datetime, int]:
    """Give a span on the columns it touches, cut to what is shown: its first column and how many (none: not shown)."""
    if span[0] >= span[1]:
        return begin, 0
    first = max(0, (span[0] - begin) // COLUMN)
    last = min(_columns(begin, end), -((begin - span[1]) // COLUMN))
    return begin + first * COLUMN, last - first


def _columns(start: datetime, end: datetime) -> int:
    return (end - start) // COLUMN


def _span(pair: Sequence[str]) -> tuple[datetime, datetime]:
    return _read(pair[0]), _read(pair[1])


def _read(written: str) -> datetime:
    return datetime.fromisoformat(written)
