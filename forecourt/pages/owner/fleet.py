"""The cars of a house at a glance: what each of them wants, and where that is done; the most pressing first."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any
from urllib.parse import quote, urlencode

from aftersales.attention import Item, Need
from aftersales.settlement.costs import Cost, list_costs
from diagnostics.findings import URGENCY_TEXT
from forecourt.house_cars import Card, look_at_cars
from forecourt.pages.menu import N_
from forecourt.pages.readers import Reader
from foundation.access import OWNERS
from foundation.database import UnitOfWork
from ingest.naming import cars_seen
from ingest.vehicles import Vehicle

FEW = 6  # cars that need no finding among each other
COLUMNS = (
    "car", "vin", "order", "what", "workshop", "begins", "mileage_km", "state",
    "sheet", "settled_at", "net", "tax", "gross", "currency", "bill",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asks:
    """How a page says what is wanted: words, colour of the chip, the words of the way there, and that way.

    `alone`: an owner or operator does it himself; software and its engineers look on.
    """

    words: str
    colour: str
    act: str
    way: str
    alone: bool = False


_BOOK, _ORDER, _VISIT = "/cars/{vehicle}/book?case={case}", "/repair-orders/{order}", "/appointments/{appointment}"
ASKS: Mapping[Need, Asks] = {
    Need.STOPPED: Asks(N_("Do not drive on"), "bad", N_("What to do now"), "/cases/{case}/stopped", alone=True),
    Need.DECIDE: Asks(N_("The workshop asks you first"), "bad", N_("Decide"), f"{_ORDER}#decide", alone=True),
    Need.CONFIRM: Asks(N_("A visit is held for you"), "bad", N_("Look and confirm"), _VISIT),
    Need.OFFER: Asks(N_("Another time is on offer"), "bad", N_("Answer"), _VISIT),
    Need.ANSWER: Asks(N_("A question about the car is open"), "bad", N_("Answer"), "/cars/{vehicle}"),
    Need.BOOK: Asks(N_("No visit is held"), "bad", N_("Choose a time"), _BOOK),
    Need.PAY: Asks(N_("Not paid yet"), "bad", N_("Pay"), f"{_ORDER}#bill", alone=True),
    Need.IN_WORKSHOP: Asks(N_("In the workshop"), "warn", N_("Follow the repair"), _ORDER),
    Need.ON_ACCOUNT: Asks(N_("On account"), "", N_("Sheet and payment"), f"{_ORDER}#bill"),
    Need.EXPECTED: Asks(N_("Booked"), "good", N_("Details of the visit"), _VISIT),
    Need.LET_GO: Asks(N_("Declined; the fault is still there"), "warn", N_("Book a visit"), "/cars/{vehicle}/book"),
}
# How soon the car must be seen is told until it is.
TIMED = frozenset({Need.CONFIRM, Need.OFFER, Need.ANSWER, Need.BOOK, Need.EXPECTED, Need.LET_GO})


NAMES: Mapping[str, str] = {
    "you": N_("Need your answer"),
    "workshop": N_("In the workshop"),
    "booked": N_("Booked"),
    "account": N_("On account"),
    "lamp": N_("Warning lamp is on"),
    "silent": N_("Silent for days"),
}


def overview(unit: UnitOfWork, reader: Reader, group: str, words: str, page: int) -> dict[str, Any]:
    """Give one page of the reader's cars, of a group of them and with the words that he looks for."""
    sight = look_at_cars(unit, reader.actor, group, words, page)
    return {
        "sight": sight,
        "cards": sight.cards,
        "group": group if group in NAMES else "",
        "words": words,
        "many": sight.all > FEW,
        "asks": ASKS,
        "timed": TIMED,
        "decides": reader.actor.role in OWNERS,
        "urgencies": URGENCY_TEXT,
        "names": NAMES,
        "way": _way,
        "unsettled": _is_unsettled,
        "at": lambda **changed: _address(group, words, **changed),
    }


def costs_table(reader: Reader) -> Iterator[str]:
    """Write the repairs of the reader's cars and what they cost, as CSV with a mark that spreadsheets know UTF-8 by.

    Each page of rows is read in a unit of its own: no connection is held for who loads slowly.
    """
    yield "\ufeff" + _written([COLUMNS])
    cursor: str | None = None
    while True:
        with reader.unit() as unit:
            costs = list_costs(unit, reader.actor, cursor)
            cars = cars_seen(unit, reader.actor, {one.vehicle for one in costs.items})
        chinese = reader.language.startswith("zh")
        yield _written(_row(one, cars[one.vehicle], chinese=chinese) for one in costs.items if one.vehicle in cars)
        cursor = costs.next
        if cursor is None:
            return


def plain_cell(words: str) -> str:
    """Keep a spreadsheet from reckoning with what others have written: a formula becomes words."""
    return f"'{words}" if words.startswith(("=", "+", "-", "@", "\t", "\r")) else words


def _written(rows: Iterable[Sequence[Any]]) -> str:
    written = StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _row(one: Cost, car: Vehicle, *, chinese: bool) -> tuple[Any, ...]:
    money = one.net + one.tax if one.net and one.tax else None
    return (
        one.vehicle,
        car.vin or "",
        one.order,
        one.title_zh if chinese else one.title_en,
        plain_cell(one.workshop_zh if chinese else one.workshop_en),
        one.start.isoformat(),
        one.mileage_km if one.mileage_km is not None else "",
        one.state,
        one.sheet or "",
        one.settled_at.isoformat() if one.settled_at else "",
        *(part.digits() if part else "" for part in (one.net, one.tax, money)),
        money.currency if money else "",
        one.bill or "",
    )


def _is_unsettled(card: Card) -> bool:
    return card.lamp or any(ASKS[item.need].colour == "warn" for item in card.items)


def _way(item: Item) -> str:
    """Give the address at which what an item wants is done."""
    names = {"case": item.case, "vehicle": item.vehicle, "order": item.order, "appointment": item.appointment}
    return ASKS[item.need].way.format_map({name: quote(told or "", safe="") for name, told in names.items()})


def _address(group: str, words: str, **changed: str | int) -> str:
    asked = {"show": group, "q": words} | changed
    kept = urlencode({name: value for name, value in asked.items() if value})
    return f"/cars?{kept}" if kept else "/cars"
