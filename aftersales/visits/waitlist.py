"""The rows of the waitlist: who waits at which workshop, in the order of joining, and what has become free there."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update

from aftersales.moves import DESK, tell
from aftersales.tables import vacancies, waits
from foundation.database import UnitOfWork, new_id

LAPSES = 2  # offers that somebody may let run out before he has to join again: each of them kept others waiting


def note_vacancy(unit: UnitOfWork, workshop: str) -> None:
    """Note that something has become free at a workshop; the sweep offers it to who waits there."""
    unit.connection.execute(vacancies.insert().values(id=new_id("vac"), workshop=workshop, freed_at=unit.now()))


def wait_of(unit: UnitOfWork, case: str) -> Row[Any] | None:
    """Give the place in the waitlist that a case has now."""
    open_one = select(waits).where(waits.c.case == case, waits.c.ended_at.is_(None))
    return unit.connection.execute(open_one).one_or_none()


def wait_on(unit: UnitOfWork, wait: str | None) -> None:
    """Put somebody whose offer came to nothing by no fault of his back into his place. None: nobody waited."""
    _change(unit, wait, state="waiting")


def let_lapse(unit: UnitOfWork, wait: str | None) -> None:
    """Count an offer that ran out; who lets too many run out waits no longer."""
    row = _open(unit, wait)
    if row is None:
        return
    if row.lapses + 1 < LAPSES:
        _change(unit, row.id, state="waiting", lapses=row.lapses + 1)
        return
    _change(unit, row.id, state="lapsed", lapses=row.lapses + 1, ended_at=unit.now())
    tell(unit, row.case, "wait_ended", DESK)


def serve(unit: UnitOfWork, wait: str | None) -> None:
    """End the waiting of who accepted what was offered."""
    _change(unit, wait, state="served", ended_at=unit.now())


def end_past_waits(unit: UnitOfWork) -> int:
    """End the waiting for days that are over everywhere; gives its number."""
    yesterday = (unit.now() - timedelta(days=1)).date()
    over = waits.c.state == "waiting", waits.c.latest_day < yesterday
    ended = update(waits).where(*over).values(state="lapsed", ended_at=unit.now()).returning(waits.c.case)
    past = list(unit.connection.execute(ended).scalars())
    for case in past:
        tell(unit, case, "wait_ended", DESK)
    return len(past)


def end_wait(unit: UnitOfWork, case: str) -> None:
    """End the waiting of a case whose visit is over or has begun; again is no harm."""
    row = wait_of(unit, case)
    if row is not None:
        _change(unit, row.id, state="left", ended_at=unit.now())


def waits_of(unit: UnitOfWork, wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Show by case the place in the waitlist that it has now."""
    open_ones = select(waits).where(waits.c.case.in_(wanted), waits.c.ended_at.is_(None))
    return {view["case"]: view for view in wait_views(unit.connection.execute(open_ones).all(), {})}


def wait_views(rows: Sequence[Row[Any]], offers: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Show places in the waitlist, each with the time that is offered now; `offers` by wait."""
    return [
        {
            "id": row.id,
            "case": row.case,
            "workshop": row.workshop,
            "latest_day": row.latest_day.isoformat() if row.latest_day else None,
            "state": row.state,
            "offer": offers.get(row.id),
            "joined_at": row.joined_at.isoformat(),
            "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        }
        for row in rows
    ]


def _open(unit: UnitOfWork, wait: str | None) -> Row[Any] | None:
    open_one = select(waits).where(waits.c.id == wait, waits.c.ended_at.is_(None))
    return unit.connection.execute(open_one).one_or_none()


def _change(unit: UnitOfWork, wait: str | None, **values: Any) -> None:
    unit.connection.execute(update(waits).where(waits.c.id == wait, waits.c.ended_at.is_(None)).values(**values))
