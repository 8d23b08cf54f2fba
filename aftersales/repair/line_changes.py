"""What the workshop changes of a line that the owner was shown: he is asked again, and the parts follow."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, update

from aftersales.estimates import Line, change_line, lines_of
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.repair.approvals import end_if_nothing_is_left
from aftersales.repair.decisions import APPROVED, AWAITING, DECLINED, RETURNED, standing
from aftersales.repair.order_lines import OPEN_FOR_LINES, Bearer, ask_owner
from aftersales.scope import lock_order
from aftersales.tables import estimate_lines, part_returns
from aftersales.views import get_repair_order
from aftersales.visits.holdings import change_holding
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid, NotFound
from parts_catalog import stock


@dataclass(frozen=True, slots=True)
class Change:
    """What a line is from now on; None: as it was. Hours are in hundredths, `unit_net` in minor units."""

    hundredths: int | None = None
    unit_net: int | None = None
    borne_by: Bearer | None = None


@dataclass(frozen=True, slots=True)
class GoingBack:
    """Pieces that were handed out and not needed: onto the shelf they came from, or to scrap."""

    line: str
    pieces: int
    restock: bool = True
    note: str | None = None


def change(unit: UnitOfWork, actor: Actor, order: str, line: str, wanted: Change) -> dict[str, Any]:
    """Change a line's quantity, price, or who bears it; its approval is void then. Gives the order.

    A change to what it is already is no change, and a change back to what the owner had approved needs no new yes.
    Raises `Conflict` for pieces that were handed out: they go back by `give_back`.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.ADD_LINES, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state not in OPEN_FOR_LINES:
        raise Conflict(
            f"the repair order is {row.state}; lines are changed while the car is worked on",
            why="lines_change_in_work",
            state=row.state,
        )
    found = _find(unit, row, line)
    before = standing(unit, [found])[line]
    if before == RETURNED:
        raise Conflict("every piece of this line went back; add a new one", why="line_gone_back_add")
    changes = _changes(found, wanted)
    if not changes:
        return get_repair_order(unit, actor, order)
    if found.part is not None:
        pieces = changes.get("hundredths", found.hundredths) // 100
        if pieces < found.issued:
            raise Conflict("this part has been handed out already", why="part_handed_out")
        # A declined part is held for nobody; as it is shown now the owner has still to decide, so it is held again.
        held = 0 if before == DECLINED else found.hundredths // 100
        if pieces != held:
            change_holding(unit, case.id, (found.part, found.part_location), pieces - held)
    digest = change_line(unit, found, **changes)
    told = {"repair_order": row.id, "line": line, "hash": digest}
    tell(unit, case.id, "lines_changed", actor.account, **told)
    if standing(unit, [_find(unit, row, line)])[line] == AWAITING:
        ask_owner(unit, row, f"{line}:{digest}")
    return get_repair_order(unit, actor, order)


def withdraw(unit: UnitOfWork, actor: Actor, order: str, line: str) -> dict[str, Any]:
    """Take a line off the order of which nothing was handed out; gives the order. Again is no harm.

    It stays to be seen, is not done and not charged; what was held for it is free.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.ADD_LINES, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state not in OPEN_FOR_LINES:
        raise Conflict(
            f"the repair order is {row.state}; its lines stay as they are", why="lines_stay", state=row.state
        )
    found = _find(unit, row, line)
    before = standing(unit, [found])[line]
    if before == RETURNED:
        return get_repair_order(unit, actor, order)
    if found.issued:
        raise Conflict("this part has been handed out already; its pieces go back first", why="pieces_back_first")
    if found.part is not None and before != DECLINED:
        change_holding(unit, case.id, (found.part, found.part_location), -(found.hundredths // 100))
    here = estimate_lines.c.id == line
    unit.connection.execute(update(estimate_lines).where(here).values(returned_at=unit.now()))
    tell(unit, case.id, "line_withdrawn", actor.account, repair_order=row.id, line=line)
    end_if_nothing_is_left(unit, (case, row), actor)
    return get_repair_order(unit, actor, order)


def give_back(unit: UnitOfWork, actor: Actor, order: str, back: GoingBack) -> dict[str, Any]:
    """Take handed-out pieces of a line back; gives the order. The owner pays for none of them.

    When all of them went back the line is done with; when some did, it is of fewer pieces, which the owner approves.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.RETURN_PARTS, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state not in OPEN_FOR_LINES:
        raise Conflict(
            f"the repair order is {row.state}; parts go back while the car is worked on",
            why="parts_back_in_work",
            state=row.state,
        )
    found = _find(unit, row, back.line)
    if found.part is None:
        raise Invalid("this line is no part", why="no_part")
    if not 1 <= back.pieces <= found.issued:
        raise Conflict(
            f"{found.issued} pieces of this line were handed out", why="fewer_handed_out", issued=found.issued
        )
    key = new_id("back")
    place = found.part, found.part_location
    stock.take_back(unit, *place, back.pieces, key, restock=back.restock, account=actor.account)
    unit.connection.execute(
        part_returns.insert().values(
            id=key,
            organisation=row.organisation,
            order=row.id,
            line=found.id,
            pieces=back.pieces,
            restocked=back.restock,
            note=(back.note or "").strip() or None,
            returned_by=actor.account,
            returned_at=unit.now(),
        )
    )
    _lessen(unit, case.id, found, back.pieces)
    told = {"repair_order": row.id, "line": found.id, "pieces": back.pieces}
    tell(unit, case.id, "line_returned", actor.account, **told)
    end_if_nothing_is_left(unit, (case, row), actor)
    return get_repair_order(unit, actor, order)


def note_issued(unit: UnitOfWork, order: Row[Any]) -> None:
    """Write down on the approved parts of an order that all their pieces were handed out."""
    lines = [line for line in lines_of(unit, [order.estimate])[order.estimate] if line.part is not None]
    decided = standing(unit, lines)
    for line in lines:
        if decided[line.id] == APPROVED:
            here = estimate_lines.c.id == line.id
            unit.connection.execute(update(estimate_lines).where(here).values(issued=line.hundredths // 100))


def _lessen(unit: UnitOfWork, case: str, line: Line, pieces: int) -> None:
    here = estimate_lines.c.id == line.id
    left = line.issued - pieces
    unit.connection.execute(update(estimate_lines).where(here).values(issued=left))
    wanted = line.hundredths // 100
    if left > 0:
        change_line(unit, line, hundredths=(wanted - pieces) * 100)
        return
    if wanted > line.issued and standing(unit, [line])[line.id] != DECLINED:  # more were held than handed out
        change_holding(unit, case, (line.part, line.part_location), line.issued - wanted)
    unit.connection.execute(update(estimate_lines).where(here).values(returned_at=unit.now()))


def _changes(line: Line, wanted: Change) -> dict[str, Any]:
    given = {
        "hundredths": wanted.hundredths,
        "unit_net": wanted.unit_net,
        "borne_by": wanted.borne_by.value if wanted.borne_by else None,
    }
    if line.kind != "labour" and wanted.hundredths is not None and wanted.hundredths % 100:
        raise Invalid("parts and work done elsewhere are counted in whole pieces", why="whole_pieces")
    return {name: value for name, value in given.items() if value is not None and value != getattr(line, name)}


def _find(unit: UnitOfWork, order: Row[Any], line: str) -> Line:
    found = next((one for one in lines_of(unit, [order.estimate])[order.estimate] if one.id == line), None)
    if found is None:
        raise NotFound(f"this repair order has no line {line}")
    return found
