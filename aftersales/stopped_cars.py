"""A car that must not be driven on (urgency S0): its owner is told at once, and can ask for help on the road."""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert

from aftersales.assistance import WORDS, Assistance, assistance_of
from aftersales.cases import CaseState
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.scope import find_case, lock_case
from aftersales.tables import assistances
from aftersales.telling.messages import desk_people, notify
from aftersales.telling.notices import Words
from aftersales.visits.holds import live_appointment
from aftersales.visits.planning import place_of
from aftersales.workshop.workshops import Place, Workshop, distance_km, load_workshop, load_workshops
from diagnostics.findings import Urgency
from foundation.database import UnitOfWork, new_id
from foundation.grants import open_to
from foundation.identity import OWNER_ROLES, Actor, Role, members
from foundation.refusals import Conflict
from ingest.vehicles import Vehicle, VehicleDirectory, car_name

CLOSED = frozenset({CaseState.SETTLED, CaseState.DECLINED})


class NotStopped(Conflict):
    """Help on the road is for a car that must not be driven on."""

    code = "not_stopped"


def alert(unit: UnitOfWork, case: Row[Any], vehicle: Vehicle, proposed: Workshop | None = None) -> None:
    """Tell everybody who may decide on the car to stop it, at any hour and whatever they agreed to; once per case.

    `proposed`: where its visit is, if the caller knows.
    """
    workshop = proposed or _workshop(unit, case, place_of(vehicle))
    name = Words(workshop.name_en, workshop.name_zh) if workshop is not None else Words("the workshop", "门店")
    people = members(unit, case.organisation, OWNER_ROLES)
    notify(unit, people, "stop_car", case.id, case.id, workshop=name)


def ask_assistance(
    unit: UnitOfWork,
    actor: Actor,
    vehicles: VehicleDirectory,
    case: str,
    kind: Assistance,
    words: str | None = None,
    place: Place | None = None,
) -> dict[str, Any]:
    """Ask for help for a stopped car and tell the workshop; gives what was asked for. Again is no harm.

    It goes to the workshop that holds the visit, else to the nearest one to `place`, or to where the car is kept.
    """
    row = lock_case(unit, find_case(unit, actor, case).id)
    require(actor, Act.ASK_ASSISTANCE, owner=row.organisation)
    if row.urgency != Urgency.S0 or row.state in CLOSED:
        raise NotStopped("help on the road is for a car that must not be driven on; please book a visit instead")
    vehicle = vehicles.get(unit, actor, row.vehicle)
    workshop = _workshop(unit, row, place or place_of(vehicle))
    if workshop is None:
        raise Conflict("there is no workshop that could help", why="no_help")
    latitude, longitude = place or (None, None)
    asked = insert(assistances).values(
        id=new_id("help"),
        organisation=row.organisation,
        case=row.id,
        kind=kind.value,
        workshop=workshop.id,
        words=(words or "").strip() or None,
        latitude=latitude,
        longitude=longitude,
        asked_by=actor.account,
        asked_at=unit.now(),
    )
    new = unit.connection.execute(asked.on_conflict_do_nothing().returning(assistances.c.id)).scalar_one_or_none()
    if new is not None:
        open_to(unit, row.id, workshop.organisation, Role.ADVISOR, actor.account)
        tell(unit, row.id, "assistance_asked", actor.account, assistance=kind.value, workshop=workshop.id)
        fields = {"kind_en": WORDS[kind].en, "kind_zh": WORDS[kind].zh, "vehicle": car_name(vehicle)}
        where = f"{latitude:.5f}, {longitude:.5f}" if place is not None else ""
        notify(unit, desk_people(unit, workshop), "assistance_asked", new, row.id, place=where, **fields)
    return next(one for one in assistance_of(unit, [row.id])[row.id] if one["kind"] == kind.value)


def _workshop(unit: UnitOfWork, case: Row[Any], near: Place | None) -> Workshop | None:
    visit = live_appointment(unit, case.id)
    if visit is not None:
        return load_workshop(unit, visit.workshop)
    every = load_workshops(unit).values()
    return min(every, key=lambda one: (distance_km(near, one.place) if near else 0.0, one.id), default=None)
