"""The page's stream: everything once and in order across a cut, no connection held, over when the session is."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx2
import pytest

from aftersales.repair.repair_orders import take_step
from aftersales.visits.bookings import confirm
from forecourt.pages import live
from forecourt.pages.readers import SESSION_COOKIE
from foundation.database import Database
from foundation.events import append
from foundation.identity import Actor, end_session, start_session
from tests.pages.scene import Scene
from tests.pages.served import Served

Told = tuple[str, str]  # id and kind


def session(database: Database, actor: Actor) -> str:
    with database.unit() as unit:
        return start_session(unit, actor)


@contextmanager
def stream(served: Served, secret: str, last: str | None = None) -> Iterator[Iterator[Told]]:
    headers = {"Cookie": f"{SESSION_COOKIE}={secret}"} | ({"Last-Event-ID": last} if last else {})
    address = f"{served.url}/live?vehicle=car-1"
    with httpx2.stream("GET", address, headers=headers, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _told(answer.iter_lines())


def _told(lines: Iterator[str]) -> Iterator[Told]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name in {"id", "data"}:
            fields[name] = value
        elif not line and fields:
            yield fields["id"], fields["data"]
            fields = {}


def test_a_reader_who_comes_back_gets_what_he_missed_once_and_in_order(scene: Scene, served: Served) -> None:
    secret = session(scene.database, scene.owner)
    with stream(served, secret) as told:
        visit = scene.fail()
        first = [next(told)]
        while first[-1][1] != "case_opened":
            first.append(next(told))
    served.cut()
    with scene.database.unit() as unit:
        order = confirm(unit, scene.owner, visit)["repair_order"]
    for name, mileage in (("check_in", 84210), ("inspect", None), ("start", None)):
        with scene.database.unit() as unit:
            take_step(unit, scene.technician, order, name, None, mileage)
    served.start()
    with stream(served, secret, last=first[-1][0]) as told:
        missed = [next(told)]
        with scene.database.unit() as unit:
            take_step(unit, scene.technician, order, "issue_parts")
        while [kind for _, kind in missed].count("progress") < 4:
            missed.append(next(told))
    places = [tuple(int(number) for number in place.split("-")) for place, _ in first + missed]
    assert places == sorted(set(places))
    assert [kind for _, kind in missed if kind in {"appointment_confirmed", "car_arrived"}] == [
        "appointment_confirmed",
        "car_arrived",
    ]


def test_open_streams_hold_no_database_connection(scene: Scene, served: Served) -> None:
    secret = session(scene.database, scene.owner)
    with ExitStack() as opened:
        streams = [opened.enter_context(stream(served, secret)) for _ in range(25)]
        with scene.database.unit() as unit:
            append(unit, scene.vehicle, "finding", {})
        # More streams than the pool has connections, and each of them hears of it.
        assert scene.database.engine.pool.size() < len(streams)
        assert [next(told)[1] for told in streams] == ["finding"] * len(streams)


def test_a_stream_ends_with_its_session(scene: Scene, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHECK_S", 0.5)
    secret = session(scene.database, scene.owner)
    with stream(served, secret) as told:
        with scene.database.unit() as unit:
            end_session(unit, secret)
        assert [kind for _, kind in told] == [live.ENDED], "its last word: the page asks, and says so"
