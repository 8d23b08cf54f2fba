"""The ledger of pieces: no piece comes or goes without a line, written in the statement that moves it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from foundation.database import UnitOfWork
from parts_catalog.warehouse.locking import Key, columns_of


class Change(StrEnum):
    """Why the pieces on a shelf are more or fewer."""

    RECEIVED = "received"
    COUNTED = "counted"
    ADJUSTED = "adjusted"
    MOVED_OUT = "moved_out"
    MOVED_IN = "moved_in"
    ISSUED = "issued"
    RETURNED = "returned"
    SCRAPPED = "scrapped"


@dataclass(frozen=True, slots=True)
class Told:
    """What a line says beside the pieces: who (None: the house itself), why, and for which order, case, count ..."""

    account: str | None = None
    reason: str | None = None
    reference: str | None = None


HOUSE = Told()


def change(unit: UnitOfWork, pieces: Mapping[Key, int], kind: Change, told: Told = HOUSE) -> Collection[Key]:
    """Put pieces on shelves (fewer than none: take them), each with its line; gives where that was done.

    A shelf from which more would go than lies there free is left as it is. Call it with the rows locked.
    """
    return _write(unit, _CHANGE, pieces, kind, told)


def hand_out(unit: UnitOfWork, pieces: Mapping[Key, int], told: Told) -> None:
    """Take held pieces, given as positive numbers, off the shelf. Call it with the rows locked."""
    _write(unit, _HAND_OUT, pieces, Change.ISSUED, told)


def open_ledger(unit: UnitOfWork, reason: str) -> None:
    """Give stock that was loaded in bulk its first line; what has lines already stays."""
    unit.rows(_OPEN, {"kind": Change.RECEIVED.value, "reason": reason, "now": unit.now()})


_OPEN = """
    INSERT INTO stock_changes (part, location, organisation, kind, quantity, on_hand, reason, at)
    SELECT part, location, organisation, %(kind)s, on_hand, on_hand, %(reason)s, %(now)s FROM stock s
    WHERE on_hand > 0 AND NOT EXISTS (
        SELECT FROM stock_changes c WHERE c.part = s.part AND c.location = s.location
    ) ORDER BY part, location
"""


def _write(unit: UnitOfWork, statement: str, pieces: Mapping[Key, int], kind: Change, told: Told) -> Collection[Key]:
    line = {"account": told.account, "reason": told.reason, "reference": told.reference}
    values = {**columns_of(pieces), **line, "kind": kind.value, "now": unit.now()}
    return {(row.part, row.location) for row in unit.rows(statement, values)}


def _with_line(taken: str, quantity: str, enough: str) -> str:
    return f"""
        WITH changed AS (
            UPDATE stock s SET {taken}
            FROM unnest(%(parts)s::text[], %(locations)s::text[], %(quantities)s::int[])
            AS p (part, location, quantity) WHERE s.part = p.part AND s.location = p.location {enough}
            RETURNING s.part, s.location, s.organisation, {quantity} AS quantity, s.on_hand
        )
        INSERT INTO stock_changes
            (part, location, organisation, kind, quantity, on_hand, account, reason, reference, at)
        SELECT part, location, organisation, %(kind)s, quantity, on_hand, %(account)s, %(reason)s, %(reference)s,
            %(now)s FROM changed ORDER BY part, location RETURNING part, location
    """  # noqa: S608 - our own words


_CHANGE = _with_line("on_hand = s.on_hand + p.quantity", "p.quantity", "AND s.on_hand + p.quantity >= s.reserved")
_HAND_OUT = _with_line("reserved = s.reserved - p.quantity, on_hand = s.on_hand - p.quantity", "-p.quantity", "")
