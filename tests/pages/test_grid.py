"""The calendar's table: rows without a gap, buffers beside the work, and what reaches over the shown hours cut."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forecourt.pages.workshop.calendar_grid import COLUMN, Line, grid

MIDNIGHT = datetime(2026, 11, 22, 16, tzinfo=UTC)  # of Monday in China


def at(hour: float) -> str:
    return (MIDNIGHT + timedelta(hours=hour)).isoformat()


def plan(taken: tuple[float, float], work: tuple[float, float], **row: Any) -> dict[str, Any]:
    """Give a day open from 9 to 12 and 13 to 18 with one bay, one visit and its buffers."""
    spans = [[at(9), at(12)], [at(13), at(18)]]
    bay = {"id": "bay", "name": "1", "open": spans, "absent": []} | row
    return {
        "open": spans,
        "bays": [bay],
        "technicians": [],
        "loaners": [],
        "taken": [{"resource": "bay", "visit": "apt", "start": at(taken[0]), "end": at(taken[1])}],
        "visits": {"apt": {"id": "apt", "start": at(work[0]), "end": at(work[1])}},
    }


def seen(line: Line) -> list[tuple[str, float]]:
    """Give kind and hours of each cell, after asking that there is no gap between them."""
    for one, following in zip(line.cells, line.cells[1:], strict=False):
        assert one.end == following.start
    return [(cell.kind, cell.columns * COLUMN / timedelta(hours=1)) for cell in line.cells]


@pytest.mark.parametrize(
    ("taken", "work", "cells"),
    [
        # A visit over the break, with a quarter of an hour kept before it and half an hour after.
        (
            (9.75, 14.5),
            (10, 14),
            [("free", 0.75), ("buffer", 0.25), ("visit", 4), ("buffer", 0.5), ("free", 3.5)],
        ),
        # One that began on the day before and one that goes on on the next day.
        ((-5, 10), (-5, 10), [("visit", 1), ("free", 2), ("closed", 1), ("free", 5)]),
        ((17, 34), (17, 33), [("free", 3), ("closed", 1), ("free", 4), ("visit", 1)]),
        # A start that is not on a column's beginning is shown on the columns that it touches.
        ((9, 9.55), (9, 9.55), [("visit", 7 / 12), ("free", 29 / 12), ("closed", 1), ("free", 5)]),
    ],
)
def test_a_row_is_whole(taken: tuple[float, float], work: tuple[float, float], cells: list[tuple[str, float]]) -> None:
    laid = grid(plan(taken, work), MIDNIGHT)
    assert [hour.hour for hour in laid.hours] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert seen(laid.bays[0]) == cells
    assert sum(cell.columns for cell in laid.bays[0].cells) == laid.columns


def test_who_is_away_is_shown_away() -> None:
    away = plan((13, 14), (13, 14), absent=[[at(9), at(11)]], open=[[at(11), at(12)], [at(13), at(18)]])
    cells = [("absent", 2), ("free", 1), ("closed", 1), ("visit", 1), ("free", 4)]
    assert seen(grid(away, MIDNIGHT).bays[0]) == cells


def test_a_closed_day_shows_the_hours_of_the_day() -> None:
    closed = plan((0, 0), (0, 0), open=[]) | {"open": [], "taken": []}
    assert seen(grid(closed, MIDNIGHT).bays[0]) == [("closed", 10)]


def test_a_visit_of_who_is_away_or_after_hours_is_seen_all_the_same() -> None:
    away = plan((10, 11), (10, 11), absent=[[at(9), at(12)]], open=[[at(13), at(18)]])
    assert seen(grid(away, MIDNIGHT).bays[0])[:3] == [("absent", 1), ("visit", 1), ("absent", 1)]
    late = plan((19, 20.5), (19, 20.5))
    late |= {"technicians": [late["bays"][0]], "bays": []}
    assert seen(grid(late, MIDNIGHT).technicians[0])[-2:] == [("visit", 1.5), ("closed", 0.5)]
