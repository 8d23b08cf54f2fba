"""The cars of a house at a glance: what each of them wants, and where that is done; the most pressing first."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from urllib.parse import quote, urlencode

from aftersales.attention import Item, Need, attention, let_go
from aftersales.settlement.costs import costs_of
from diagnostics.findings import URGENCY_TEXT
from diagnostics.told import standing_findings
from forecourt.pages.filters import car_name
from forecourt.pages.menu import N_
from forecourt.pages.readers import Reader
from foundation.access import OWNERS
from foundation.database import UnitOfWork
from foundation.identity import Role
from ingest.commands import questions_to_owner
from ingest.ecu_answers import lamps_lit
from ingest.state import last_seen
from ingest.vehicles import Vehicle

FEW = 6  # cars that need no finding among each other
SHOWN = 24  # on one page
SILENT = timedelta(days=3)
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
URGENT = frozenset({Need.STOPPED, Need.DECIDE, Need.CONFIRM, Need.OFFER, Need.ANSWER, Need.BOOK, Need.PAY})


@dataclass(frozen=True, slots=True)
class Card:
    """One car; `asked`: the workshop asks to clear its codes. `seen` is None when it was never heard."""

    vehicle: Vehicle
    items: Sequence[Item]
    asked: bool
    lamp: bool
    seen: datetime | None
    silent: bool

    @property
    def needs_you(self) -> bool:
        return self.asked or any(item.need in URGENT for item in self.items)

    @property
    def is_unsettled(self) -> bool:
        return self.lamp or any(ASKS[item.need].colour == "warn" for item in self.items)

    @property
    def place(self) -> tuple[int, str, bool, bool, str]:
        """Where it stands: by what it wants most, how urgent that is, then the lamp, then silence."""
        needs = [(list(Need).index(item.need), item.urgency or "S9") for item in self.items]
        rank, urgency = min(
            [*needs, *([(list(Need).index(Need.ANSWER), "S9")] if self.asked else [])], default=(99, "")
        )
        return rank, urgency, not self.lamp, not self.silent, self.vehicle.id


# What a list of many cars can be narrowed to.
GROUPS: Mapping[str, tuple[str, Any]] = {
    "you": (N_("Need your answer"), lambda card: card.needs_you),
    "workshop": (N_("In the workshop"), lambda card: _any(card, Need.IN_WORKSHOP, Need.DECIDE)),
    "booked": (N_("Booked"), lambda card: _any(card, Need.EXPECTED, Need.OFFER)),
    "account": (N_("On account"), lambda card: _any(card, Need.ON_ACCOUNT)),
    "lamp": (N_("Warning lamp is on"), lambda card: card.lamp),
    "silent": (N_("Silent for days"), lambda card: card.silent),
}


def overview(unit: UnitOfWork, reader: Reader, group: str, words: str, page: int) -> dict[str, Any]:
    """Give one page of the reader's cars, of a group of them and with the words that he looks for."""
    cards = _cards(unit, reader)
    found = [card for card in cards if _names(card.vehicle, words)]
    shown = [card for card in found if group not in GROUPS or GROUPS[group][1](card)]
    shown = sorted(shown, key=lambda card: card.place)
    page = min(max(page, 1), -(-len(shown) // SHOWN) or 1)
    return {
        "cards": shown[(page - 1) * SHOWN : page * SHOWN],
        "count": len(shown),
        "groups": {name: sum(map(test, found)) for name, (_, test) in GROUPS.items()},
        "group": group if group in GROUPS else "",
        "words": words,
        "page": page,
        "more": page * SHOWN < len(shown),
        "many": len(cards) > FEW,
        "every": len(found),
        "asks": ASKS,
        "timed": TIMED,
        "decides": reader.actor.role in OWNERS,
        "urgencies": URGENCY_TEXT,
        "names": {name: said for name, (said, _) in GROUPS.items()},
        "way": _way,
        "at": lambda **changed: _address(group, words, **changed),
    }


def cars_of(unit: UnitOfWork, reader: Reader) -> list[Vehicle]:
    """Give the cars of the reader's house, by id."""
    every = reader.site.vehicles.list(unit, reader.actor)
    # A workshop sees a car through its repair order, not in a list of its own; whose software serves it, by its grant.
    sees_all = reader.actor.role is Role.INTEGRATOR
    return [car for car in every if sees_all or car.organisation == reader.actor.organisation]


def costs_table(unit: UnitOfWork, reader: Reader) -> str:
    """Write the repairs of the reader's cars and what they cost, as CSV with a mark that spreadsheets know UTF-8 by."""
    cars = {car.id: car for car in cars_of(unit, reader)}
    chinese, written = reader.language.startswith("zh"), StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    for one in costs_of(unit, reader.actor, list(cars)):
        money = one.net + one.tax if one.net and one.tax else None
        table.writerow(
            (
                one.vehicle,
                cars[one.vehicle].vin or "",
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
        )
    return f"\ufeff{written.getvalue()}"


def plain_cell(words: str) -> str:
    """Keep a spreadsheet from reckoning with what others have written: a formula becomes words."""
    return f"'{words}" if words.startswith(("=", "+", "-", "@", "\t", "\r")) else words


def _cards(unit: UnitOfWork, reader: Reader) -> list[Card]:
    actor, now, cars = reader.actor, unit.now(), cars_of(unit, reader)
    names = [car.id for car in cars]
    wanted = attention(unit, actor, names)
    found = standing_findings(unit, actor, names)
    stands = {finding.id: finding.urgency.value for finding in found if finding.id}
    gone = let_go(unit, actor, stands)
    seen, asked, lit = last_seen(unit, names), questions_to_owner(unit, names), lamps_lit(unit, names)
    return [
        Card(
            car,
            [*wanted.get(car.id, ()), *gone.get(car.id, ())],
            car.id in asked,
            car.id in lit,
            seen.get(car.id),
            car.id not in seen or now - seen[car.id] > SILENT,
        )
        for car in cars
    ]


def _any(card: Card, *needs: Need) -> bool:
    return any(item.need in needs for item in card.items)


def _names(vehicle: Vehicle, words: str) -> bool:
    told = f"{vehicle.id} {vehicle.vin or ''} {car_name(vehicle)}".casefold()
    return all(word in told for word in words.casefold().split())


def _way(item: Item) -> str:
    """Give the address at which what an item wants is done."""
    names = {"case": item.case, "vehicle": item.vehicle, "order": item.order, "appointment": item.appointment}
    return ASKS[item.need].way.format_map({name: quote(told or "", safe="") for name, told in names.items()})


def _address(group: str, words: str, **changed: str | int) -> str:
    asked = {"show": group, "q": words} | changed
    kept = urlencode({name: value for name, value in asked.items() if value})
    return f"/cars?{kept}" if kept else "/cars"
