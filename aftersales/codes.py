"""The car's own trouble codes in the cases that they belong to: a later code of a fault joins, it opens no second case.

A code is attached to every open case of its vehicle whose fault lists it (several faults share P0171). What the car no
longer reports stays, with the moment since when: the history of a repair is not cleared with the codes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from aftersales.cases import CaseState
from aftersales.moves import DESK, tell
from aftersales.scope import lock_vehicle
from aftersales.tables import case_codes, cases
from diagnostics.faults import FAULTS
from foundation.database import UnitOfWork
from foundation.events import append

OVER = (CaseState.SETTLED, CaseState.DECLINED)


@dataclass(frozen=True, slots=True)
class SeenCode:
    """A code that an ECU told at `at`; `kind` is stored, pending or permanent; `freeze` the frame that it froze."""

    ecu: str
    kind: str
    code: str
    at: datetime
    freeze: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """What an ECU last really answered to one kind of question; no codes: there are none."""

    ecu: str
    kind: str
    at: datetime
    codes: Sequence[str]


def faults_of(code: str) -> list[str]:
    """Give the faults that list a code; a failure type behind it (P0562-16) makes no difference."""
    base = code.partition("-")[0]
    return [fault.name for fault in FAULTS.values() if base in fault.dtcs]


def join_codes(unit: UnitOfWork, vehicle: str, seen: Iterable[SeenCode], answers: Iterable[LastAnswer]) -> int:
    """Attach the codes to the open cases of their faults and tell of each once; gives how many joined.

    `seen` are codes of any reports, in any order; `answers` say which of them the car still has. Again is no harm.
    """
    lock_vehicle(unit, vehicle)
    found: defaultdict[str, list[SeenCode]] = defaultdict(list)
    for one in sorted(seen, key=lambda it: (it.at, it.ecu, it.kind, it.code)):
        for fault in faults_of(one.code):
            found[fault].append(one)
    running = unit.connection.execute(
        select(cases)
        .where(cases.c.vehicle == vehicle, cases.c.state.not_in(OVER))
        .order_by(cases.c.id)
        .with_for_update()
    ).all()
    joined = sum(_attach(unit, case, found[case.fault]) for case in running if case.fault in found)
    _note_gone(unit, [case.id for case in running], answers)
    return joined


def codes_of(unit: UnitOfWork, wanted: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Show the codes of cases, by case, in the order in which they were first seen."""
    found: dict[str, list[dict[str, Any]]] = {case: [] for case in wanted}
    chosen = select(case_codes).where(case_codes.c.case.in_(wanted))
    order = case_codes.c.first_seen_at, case_codes.c.code, case_codes.c.ecu, case_codes.c.kind
    for row in unit.connection.execute(chosen.order_by(*order)):
        found[row.case].append(_view(row))
    return found


def _view(row: Row[Any]) -> dict[str, Any]:
    return {
        "code": row.code,
        "ecu": row.ecu,
        "kind": row.kind,
        "reported": row.gone_at is None,
        "first_seen_at": row.first_seen_at.isoformat(),
        "seen_at": row.seen_at.isoformat(),
        "gone_at": row.gone_at.isoformat() if row.gone_at else None,
        "freeze": row.freeze,
        "joined_at": row.joined_at.isoformat(),
    }


def _attach(unit: UnitOfWork, case: Row[Any], seen: Sequence[SeenCode]) -> int:
    """Keep codes with a case; a code that it does not have yet, in whatever ECU and kind, is told of."""
    have = set(unit.connection.execute(select(case_codes.c.code).where(case_codes.c.case == case.id)).scalars())
    new = 0
    for one in seen:
        unit.connection.execute(
            _KEEP,
            {
                "case": case.id,
                "ecu": one.ecu,
                "kind": one.kind,
                "code": one.code,
                "organisation": case.organisation,
                "first_seen_at": one.at,
                "seen_at": one.at,
                "freeze": dict(one.freeze) if one.freeze else None,
                "joined_at": unit.now(),
            },
        )
        if one.code not in have:
            have.add(one.code)
            new += 1
            told = {"code": one.code, "ecu": one.ecu, "code_kind": one.kind, "fault": case.fault}
            tell(unit, case.id, "code_joined", DESK, **told)
            append(unit, case.vehicle, "code_joined", {"case": case.id, **told}, DESK)
    return new


def _note_gone(unit: UnitOfWork, wanted: Sequence[str], answers: Iterable[LastAnswer]) -> None:
    """Note which codes their ECU has answered without since they were seen; a silence of it is no such answer."""
    last = {(it.ecu, it.kind): it for it in answers}
    for row in unit.connection.execute(select(case_codes).where(case_codes.c.case.in_(wanted))).all():
        answer = last.get((row.ecu, row.kind))
        if answer is None or answer.at <= row.seen_at:
            continue
        gone = row.code not in answer.codes
        told = {"gone_at": row.gone_at or answer.at} if gone else {"seen_at": answer.at, "gone_at": None}
        unit.connection.execute(update(case_codes).where(*_is(row)).values(**told))


def _is(row: Row[Any]) -> list[Any]:
    return [case_codes.c[name] == getattr(row, name) for name in ("case", "ecu", "kind", "code")]


_INSERT = insert(case_codes)
_LATEST = func.greatest(case_codes.c.seen_at, _INSERT.excluded.seen_at)
_KEEP = _INSERT.on_conflict_do_update(
    index_elements=[case_codes.c.case, case_codes.c.ecu, case_codes.c.kind, case_codes.c.code],
    set_={
        "first_seen_at": func.least(case_codes.c.first_seen_at, _INSERT.excluded.first_seen_at),
        "seen_at": _LATEST,
        "gone_at": func.nullif(func.greatest(case_codes.c.gone_at, _LATEST), _LATEST),
        "freeze": func.coalesce(case_codes.c.freeze, _INSERT.excluded.freeze),
    },
)
