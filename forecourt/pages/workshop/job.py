"""One repair order at the car, in five tabs above a bar for the thumb; what each shows, and its steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Response

from aftersales.cases import HoldReason
from aftersales.permissions import Act, require
from aftersales.repair.clock import CLOCKED, clock_view
from aftersales.repair.corrections import OPEN_FOR_FINDINGS, list_faults
from aftersales.repair.inspections import STATES, Stage, inspection_views
from aftersales.repair.order_lines import OPEN_FOR_LINES
from aftersales.repair.photos import OVER, list_photos
from aftersales.repair.repair_orders import Said, take_step
from aftersales.repair.verdicts import list_verdicts
from aftersales.scope import find_order
from aftersales.views import get_case, get_repair_order
from aftersales.workshop.crew import own_technicians, running_clock
from diagnostics.confirming import CONFIRMING
from diagnostics.faults import FAULTS
from forecourt.http import STATUS
from forecourt.pages.acting import act
from forecourt.pages.car_report import car_report
from forecourt.pages.owner.repairs import whole
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.voltage import PLOTTED
from forecourt.pages.workshop import floor_labels
from forecourt.pages.workshop.parts_to_ask import lines_to_ask
from forecourt.pages.workshop.verdicts_asked import give_asked
from foundation.database import UnitOfWork
from foundation.events import end_of_log
from foundation.identity import WORKSHOP_ROLES
from foundation.refusals import Conflict, Invalid, NotFound, Refusal
from ingest.vehicles import Vehicle

MOST_WORDS = 2000
Shown = dict[str, Any]


def router(site: Site) -> APIRouter:
    """Give the routes of an order's tabs and of its steps."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type

    @routes.get("/jobs/{order}")
    def work(order: str, reader: Somebody, done: str = "") -> Response:
        return order_page(reader, order, "work", done=done)

    @routes.get("/jobs/{order}/looking")
    def looking(order: str, reader: Somebody, done: str = "") -> Response:
        return order_page(reader, order, "looking", done=done)

    @routes.get("/jobs/{order}/car")
    def car(order: str, reader: Somebody, done: str = "") -> Response:
        return order_page(reader, order, "car", done=done)

    @routes.get("/jobs/{order}/lines")
    def lines(order: str, reader: Somebody, done: str = "") -> Response:
        return order_page(reader, order, "lines", done=done)

    @routes.get("/jobs/{order}/found")
    def found(order: str, reader: Somebody, done: str = "") -> Response:
        return order_page(reader, order, "found", done=done)

    @routes.post("/jobs/{order}/steps")
    def step(order: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        return tapped(form, order, "work", lambda unit: _step(unit, form, order), "step")

    return routes


def tapped(form: Posted, order: str, tab: str, do: Callable[[UnitOfWork], Any], done: str) -> Response:
    """Do what was tapped and show the tab again: the page's own script gets what changed, a plain browser the page.

    Whether it is his workshop's order is asked before anything that was typed is read; of commands the car's side asks.
    """
    if tab != "car":
        with form.reader.unit() as unit:
            row = find_order(unit, form.reader.actor, order)
            workshop = row.workshop_organisation
            require(form.reader.actor, Act.TAKE_STEP, owner=row.organisation, workshop=workshop)
    try:
        act(form, do)
    except (Conflict, Invalid) as refusal:
        return order_page(form.reader, order, tab, form, refusal)
    if form.reader.is_fragment:
        return order_page(form.reader, order, tab, form, done=done)
    return to(f"{address(order, tab)}?done={done}")


def address(order: str, tab: str) -> str:
    """Give the address of a tab of an order."""
    return f"/jobs/{quote(order)}" + ("" if tab == "work" else f"/{tab}")


def words(form: Posted, name: str, most: int = MOST_WORDS) -> str | None:
    """Read what was typed; raises `Invalid` for what is too long, or is no text."""
    written = form.text(name)
    if len(written) > most:
        raise Invalid(f"{name} has at most {most} characters", why="text_too_long", told={"most": most})
    if "\x00" in written:
        raise Invalid(f"{name} is no text", why="no_text")
    return written or None


def order_page(
    reader: Reader, order: str, tab: str, form: Posted | None = None, refusal: Refusal | None = None, done: str = ""
) -> Response:
    """Show a tab of one repair order to the workshop; what was typed before a refusal stays."""
    reader.actor.must_be(*WORKSHOP_ROLES)
    tab = tab if tab in _TABS else "work"
    with reader.unit() as unit:
        cursor = end_of_log(unit)
        row = find_order(unit, reader.actor, order)
        found = get_repair_order(unit, reader.actor, order)
        case = get_case(unit, reader.actor, found["case"])
        vehicle = seen_vehicle(unit, reader, found["vehicle"])
        mine = [one for one in own_technicians(unit, reader.actor) if row.state in CLOCKED]
        return reader.page(
            "workshop/order_now.html" if reader.is_fragment else "workshop/order.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            order=found,
            case=case,
            vehicle=vehicle,
            tab=tab,
            base=address(order, "work"),
            again=_again(order, tab, _asked(reader, form)),
            cursor=str(cursor),
            floor=floor_labels,
            clock=clock_view(unit, row),
            running=running_clock(unit, reader.actor),
            may_clock=bool(mine),
            waiting=sum(line["approval"] == "awaiting" for line in found["lines"]),
            faults=FAULTS,
            typed=dict(form.fields) if form and refusal else {},
            refusal=refusal,
            done=done,
            **_TABS[tab](unit, Asked(reader, found, case, vehicle, _asked(reader, form))),
        )


def seen_vehicle(unit: UnitOfWork, reader: Reader, vehicle: str) -> Vehicle | None:
    """Give the car of an order or case, or None while its owner has not opened it to the workshop."""
    try:
        return reader.site.vehicles.get(unit, reader.actor, vehicle)
    except NotFound:
        return None


def _step(unit: UnitOfWork, form: Posted, order: str) -> None:
    written = form.text("mileage_km")
    mileage = whole(written, "the mileage is a whole number of kilometres") if written else None
    reason = HoldReason(form.text("reason")) if form.text("reason") in set(HoldReason) else None
    said = Said(mileage, reason, form.text("fee") or None)
    give_asked(unit, form, order)
    take_step(unit, form.reader.actor, order, form.text("step"), words(form, "note"), said=said)


def _asked(reader: Reader, form: Posted | None) -> dict[str, str]:
    """Give what a tab is to show of itself: the stage of an inspection, or what is searched for."""
    said = form.fields if form else reader.request.query_params
    return {name: said[name] for name in ("stage", "q") if said.get(name)}


def _again(order: str, tab: str, asked: dict[str, str]) -> str:
    return address(order, tab) + (f"?{urlencode(asked)}" if asked else "")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a tab is made from."""

    reader: Reader
    order: Shown
    case: Shown
    vehicle: Vehicle | None
    said: Mapping[str, str]


def _work(unit: UnitOfWork, of: Asked) -> Shown:
    return {"verdicts": list_verdicts(unit, of.reader.actor, of.order["id"])}


def _looking(unit: UnitOfWork, of: Asked) -> Shown:
    state, key = of.order["state"], of.order["id"]
    stages = inspection_views(unit, key)["items"]
    open_now = [stage.value for stage in Stage if state in STATES[stage]]
    wanted = of.said.get("stage", "")
    chosen = wanted if wanted in set(Stage) else (open_now or [Stage.CHECK_IN.value])[0]
    return {
        "stages": stages,
        "stage": next(one for one in stages if one["stage"] == chosen),
        "may_look": chosen in open_now,
        "photos": list_photos(unit, of.reader.actor, key),
        "may_photograph": state not in OVER,
    }


def _car(unit: UnitOfWork, of: Asked) -> Shown:
    car = car_report(unit, of.reader, of.vehicle.id) if of.vehicle else None
    return {"car": car, "tests": CONFIRMING, "plotted": PLOTTED}


def _lines(unit: UnitOfWork, of: Asked) -> Shown:
    may = of.order["state"] in OPEN_FOR_LINES
    return {"may_add": may, "asked": lines_to_ask(unit, of.case, of.vehicle, of.said.get("q", "")) if may else {}}


def _found(unit: UnitOfWork, of: Asked) -> Shown:
    actor, key = of.reader.actor, of.order["id"]
    return {
        "found": list_faults(unit, actor, key),
        "may_find": of.order["state"] in OPEN_FOR_FINDINGS,
        "verdicts": list_verdicts(unit, actor, key),
    }


_TABS: Mapping[str, Callable[[UnitOfWork, Asked], Shown]] = {
    "work": _work,
    "looking": _looking,
    "car": _car,
    "lines": _lines,
    "found": _found,
}
