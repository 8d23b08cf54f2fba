"""Lines that the workshop adds to an order when it finds more to do: nothing is done before the owner approves."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select

from aftersales.cases import RepairOrderState, SettlementGroup
from aftersales.estimates import Draft, add_lines, material
from aftersales.moves import tell
from aftersales.operations import PartNeed
from aftersales.permissions import Act, require
from aftersales.scope import lock_order
from aftersales.tables import appointments
from aftersales.telling.messages import notify, owners_of
from aftersales.telling.notices import Words
from aftersales.views import get_repair_order
from aftersales.visits.holdings import change_holding
from aftersales.visits.parts_choice import ChosenPart
from aftersales.workshop.workshops import Workshop, load_workshop, load_workshops
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid
from ingest.vehicles import VehicleDirectory
from parts_catalog import stock
from parts_catalog.fitment import fit_of
from parts_catalog.parts import FitVerdict
from parts_catalog.prices import Buyer, Channel, price_of

OPEN_FOR_LINES = frozenset(
    {
        RepairOrderState.OPEN,
        RepairOrderState.INSPECTED,
        RepairOrderState.AWAITING_APPROVAL,
        RepairOrderState.PARTS_PENDING,
        RepairOrderState.IN_PROGRESS,
        RepairOrderState.ON_HOLD,
        RepairOrderState.REWORK,
    }
)
# The technician stands before the car: where the catalogue says "fits if", he has seen whether it is so.
ACCEPTED = frozenset({FitVerdict.FITS, FitVerdict.FITS_IF})


class Bearer(StrEnum):
    """Who pays for a line under warranty in the owner's place (`borne_by`)."""

    MANUFACTURER = "manufacturer"
    PART_MAKER = "part_maker"
    WORKSHOP = "workshop"  # its own work or part, done again


@dataclass(frozen=True, slots=True)
class Labour:
    """Work that was found: `hundredths` of an hour, in one of the settlement groups for work."""

    text_en: str
    text_zh: str
    hundredths: int
    group: SettlementGroup = SettlementGroup.LABOUR
    borne_by: Bearer | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """A part that was found to be needed; the quantity of its application if none is given."""

    part: str
    quantity: int | None = None
    borne_by: Bearer | None = None


@dataclass(frozen=True, slots=True)
class Sublet:
    """Work that another firm does, such as turning a drum; `net` in minor units of the workshop's currency."""

    text_en: str
    text_zh: str
    supplier: str
    net: int
    group: SettlementGroup = SettlementGroup.PROCESSING
    borne_by: Bearer | None = None


def add_line(
    unit: UnitOfWork, actor: Actor, vehicles: VehicleDirectory, order: str, found: Labour | Material | Sublet
) -> dict[str, Any]:
    """Add a line that awaits the owner's approval; a part is held at once. Gives the order as it is then."""
    case, row = lock_order(unit, actor, order)
    require(actor, Act.ADD_LINES, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state not in OPEN_FOR_LINES:
        raise Conflict(
            f"the repair order is {row.state}; lines are added while the car is worked on",
            why="lines_added_in_work",
            state=row.state,
        )
    workshop = load_workshop(unit, row.workshop)
    if isinstance(found, Labour):
        draft = _labour(workshop, found)
    elif isinstance(found, Sublet):
        draft = _sublet(workshop, found)
    else:
        chosen = _choose(unit, actor, vehicles, (row, workshop), found)
        change_holding(unit, case.id, (chosen.answer.part.id, chosen.location), chosen.quantity)
        draft = material(chosen)
    draft = replace(draft, borne_by=found.borne_by.value if found.borne_by else None)
    lines = add_lines(unit, row.estimate, row.organisation, [draft])
    tell(unit, case.id, "lines_added", actor.account, repair_order=row.id, lines=lines)
    ask_owner(unit, row, f"{lines[0]}:{draft.hash}")
    return get_repair_order(unit, actor, order)


def ask_owner(unit: UnitOfWork, order: Row[Any], cause: str) -> None:
    """Tell the owner that a line as it is now waits for him; the same `cause` is told once."""
    visit = unit.connection.execute(select(appointments).where(appointments.c.id == order.appointment)).one()
    workshop = load_workshop(unit, order.workshop)
    named = Words(workshop.name_en, workshop.name_zh)
    notify(unit, owners_of(unit, visit), "lines_to_decide", cause, order.case, order.id, workshop=named)


def _labour(workshop: Workshop, found: Labour) -> Draft:
    if found.group is SettlementGroup.MATERIAL:
        raise Invalid("labour and material are itemised separately", why="itemised")
    return Draft(
        kind="labour",
        settlement_group=found.group,
        text_en=found.text_en,
        text_zh=found.text_zh,
        hundredths=found.hundredths,
        unit_net=workshop.labour_rate,
        tax_basis_points=workshop.tax_basis_points,
        required=False,
        evidence={"found_by": "workshop"},
    )


def _sublet(workshop: Workshop, found: Sublet) -> Draft:
    if found.group in {SettlementGroup.MATERIAL, SettlementGroup.LABOUR}:
        raise Invalid("work that is done elsewhere is neither our material nor our labour", why="done_elsewhere")
    return Draft(
        kind="sublet",
        settlement_group=found.group,
        text_en=found.text_en,
        text_zh=found.text_zh,
        hundredths=100,
        unit_net=found.net,
        tax_basis_points=workshop.tax_basis_points,
        required=False,
        evidence={"found_by": "workshop"},
        supplier=found.supplier,
    )


def _choose(
    unit: UnitOfWork, actor: Actor, vehicles: VehicleDirectory, at: tuple[Row[Any], Workshop], found: Material
) -> ChosenPart:
    order, workshop = at
    vehicle = vehicles.get(unit, actor, order.vehicle)
    answer = fit_of(unit, found.part, vehicle.config)
    if answer.verdict not in ACCEPTED:
        raise Conflict(
            f"the catalogue does not say that this part fits the car: {answer.verdict}",
            why="does_not_fit",
            fit=answer.verdict,
        )
    buyer = Buyer(order.organisation, Channel.COUNTER)
    price = price_of(unit, [found.part], workshop.currency, buyer, workshop.organisation).get(found.part)
    if price is None:
        raise Conflict("this part has no price yet", why="part_without_price")
    quantity = found.quantity or answer.quantity
    others = {one.stock_location for one in load_workshops(unit).values()} - {workshop.stock_location}
    offers = [one for one in stock.offers(unit, [found.part])[found.part] if one.location not in others]
    enough = [one for one in offers if one.available >= quantity]
    if not enough:
        raise stock.OutOfStock("this part is out of stock", lines=[{"part": found.part, "wanted": quantity}])
    best = min(enough, key=lambda one: (one.location != workshop.stock_location, one.location))
    need = PartNeed(answer.part.part_type, required=False)
    return ChosenPart(need, replace(answer, quantity=quantity), price, best.location, unit.now())
