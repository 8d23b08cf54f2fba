"""Many people, each with a car, who want the same five places of one workshop at the same moment, over HTTP."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httpx2
from sqlalchemy import update

from aftersales.visits.slot_ids import SlotKey, read_slot, write_slot
from foundation.clock import FixedClock
from foundation.database import Database, UnitOfWork
from foundation.identity import Actor, Role, add_account, add_organisation, issue_token
from ingest.registry import add_vehicle
from parts_catalog.tables import stock
from tests.aftersales.world import GARAGE, GOLF, build, garage

PLACES = 5
WORKSHOP = "wks_races"
AGAIN_S = 0.2  # between two tries of who got no answer
PATIENCE_S = 60.0
T = TypeVar("T")


@dataclass
class Rival:
    """One owner with his car, who asks again under the same key until he has an answer."""

    base: str
    token: str
    actor: Actor
    vehicle: str
    unanswered: int = 0  # connections that broke, and answers of a service that had just lost its database
    patient: bool = False
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        # A connection that idles as long as the server keeps one (5 s) may be shut just as it is used again.
        limits = httpx2.Limits(keepalive_expiry=2.0)
        self.http = httpx2.Client(base_url=self.base, headers=headers, timeout=60, trust_env=False, limits=limits)

    def post(self, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> httpx2.Response:
        headers = {"Idempotency-Key": key or secrets.token_hex(8)}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = self.http.post(f"/v1/{path}", json=body, headers=headers)
            except httpx2.HTTPError:
                if not self.patient or time.monotonic() > deadline:
                    raise
            else:
                if (
                    (answer.status_code < 500 and answer.status_code != 429)
                    or not self.patient
                    or time.monotonic() > deadline
                ):
                    return answer
            self.unanswered += 1
            time.sleep(AGAIN_S)

    def hold(self, slot: str, key: str | None = None) -> httpx2.Response:
        return self.post("appointments", {"vehicle": self.vehicle, "slot": slot, "service": "maintenance"}, key)


@dataclass
class Contest:
    """One workshop of five bays and five technicians, and the rivals."""

    database: Database
    rivals: list[Rival]
    advisors: list[Rival]
    pattern: SlotKey

    def start(self, number: int) -> datetime:
        """Give the hour that is fought for in a round: ten o'clock of the next days, Sundays apart."""
        zone = ZoneInfo("Asia/Shanghai")
        day = self.database.clock.now().astimezone(zone).replace(hour=10, minute=0, second=0, microsecond=0)
        days = (day + timedelta(days=ahead) for ahead in range(1, 29))
        return [one for one in days if one.isoweekday() != 7][number]

    def slots(self, start: datetime, *, crossed: bool) -> list[str]:
        """Give the slots at one start: each bay with its technician, or `crossed`, every bay with every one.

        Whoever gets which, five and no more can be taken.
        """
        pairs = product(range(PLACES), repeat=2) if crossed else ((one, one) for one in range(PLACES))
        return [write_slot(self.key(start, bay, technician)) for bay, technician in pairs]

    def key(self, start: datetime, bay: int, technician: int) -> SlotKey:
        seat = {"bay": f"bay_races_{bay}", "technician": f"tech_races_{technician}"}
        return replace(self.pattern, workshop=WORKSHOP, start=start, **seat)

    def close(self) -> None:
        for one in self.rivals + self.advisors:
            one.http.close()

    def patient(self, yes: bool) -> None:
        for rival in self.rivals:
            rival.patient, rival.unanswered = yes, 0


def ready(database: Database, base: str, rivals: int) -> Contest:
    """Build workshop, shelf, rivals and two advisors."""
    world = build(database, FixedClock(database.clock.now()))
    world.put(garage("races", bays=PLACES))
    with database.unit() as unit:
        unit.connection.execute(update(stock).values(on_hand=10_000))
        people = [_rival(unit, base, number) for number in range(rivals)]
        staff = [add_account(unit, f"desk-{number}@races.example", Role.ADVISOR, GARAGE) for number in range(2)]
        advisors = [Rival(base, issue_token(unit, actor), actor, "") for actor in staff]
    query = {"workshop": WORKSHOP, "vehicle": people[0].vehicle, "service": "maintenance", "limit": 1}
    [slot] = people[0].http.get("/v1/slots", params=query).raise_for_status().json()["items"]
    return Contest(database, people, advisors, read_slot(slot["id"]))


def _rival(unit: UnitOfWork, base: str, number: int) -> Rival:
    home = add_organisation(unit, f"Family {number}", f"org_races_{number}")
    vehicle = add_vehicle(unit, home, f"car-races-{number}", config=GOLF)
    actor = add_account(unit, f"owner-{number}@races.example", Role.OWNER, home)
    return Rival(base, issue_token(unit, actor), actor, vehicle.id)


def at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Run all acts, each in a thread of its own, from one starting shot; gives what each gave, in order."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        gate.wait(60)
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def race(contest: Contest, number: int) -> tuple[list[tuple[Rival, dict[str, Any]]], list[httpx2.Response]]:
    """Let every rival ask for one of the round's slots; gives the winners with their visits, and the refusals."""
    slots = contest.slots(contest.start(number), crossed=number % 2 == 1)
    wanted = [slots[one % len(slots)] for one in range(len(contest.rivals))]
    acts = [partial(rival.hold, slot) for rival, slot in zip(contest.rivals, wanted, strict=True)]
    answers = at_once(acts)
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {201: PLACES, 409: len(acts) - PLACES}, statuses
    won = [(rival, answer.json()) for rival, answer in zip(contest.rivals, answers, strict=True) if answer.is_success]
    return won, [answer for answer in answers if not answer.is_success]
