"""Live progress: every step once and in order across a broken connection, and no database connection while waiting."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy.pool import QueuePool

from foundation import streams_http
from foundation.grants import close_to
from foundation.identity import end_session
from tests.aftersales.client import Person, build_app, served
from tests.aftersales.world import STEPS, World


@pytest.fixture
def base(world: World) -> Iterator[str]:
    with served(build_app(world.database)) as base:
        yield base


@pytest.fixture
def order(world: World) -> str:
    return str(world.confirm(world.open()["appointment"]["id"])["repair_order"])


@contextmanager
def stream(person: Person, order: str, last: str | None = None, **params: str) -> Iterator[Iterator[tuple[str, str]]]:
    """Follow an order; give an iterator of (id, step)."""
    headers = {"Last-Event-ID": last} if last is not None else {}
    with person.http.stream(
        "GET", f"/v1/repair-orders/{order}/progress", headers=headers, params=params, timeout=20
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")

        def events() -> Iterator[tuple[str, str]]:
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if line:
                    fields[name] = value
                elif "id" in fields:
                    told = json.loads(fields["data"])
                    assert {"en", "zh", "note", "state", "number", "kind"} <= set(told)
                    yield fields["id"], told["step"]
                    fields = {}

        yield events()


def checked_out(world: World) -> int:
    pool = world.database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


def test_a_stream_resumes_where_it_was_cut(world: World, base: str, order: str) -> None:
    owner = Person(base, world.database, world.owner)
    with stream(owner, order) as events:
        for step in STEPS[:3]:
            world.step(order, **step)
        seen = [next(events) for _ in range(3)]
    for step in STEPS[3:6]:
        world.step(order, **step)
    with stream(owner, order, last=seen[-1][0]) as events:
        for step in STEPS[6:]:
            world.step(order, **step)
        seen += [next(events) for _ in STEPS[3:]]
    assert seen == [(str(number), step["step"]) for number, step in enumerate(STEPS, 1)]
    with stream(owner, order, after="8") as events:
        assert next(events) == ("9", "complete")
    with stream(owner, order, last="57") as events:  # another order's: what is new here comes all the same
        world.settle(order)
        assert next(events) == ("10", "settle")
    owner.http.close()


def test_open_streams_hold_no_database_connection(world: World, base: str, order: str) -> None:
    owner = Person(base, world.database, world.owner)
    world.step(order, **STEPS[0])
    with ExitStack() as open_streams:
        feeds = [open_streams.enter_context(stream(owner, order)) for _ in range(25)]
        assert {next(feed) for feed in feeds} == {("1", "check_in")}
        # Each follower looks at the log for a moment now and then; between those moments nobody has a connection.
        deadline = time.monotonic() + 10
        while (out := checked_out(world)) and time.monotonic() < deadline:
            time.sleep(0.002)
        assert out == 0
        world.step(order, **STEPS[1])
        assert {next(feed) for feed in feeds} == {("2", "inspect")}
    owner.http.close()


def test_a_stream_is_refused_before_it_opens(world: World, base: str, order: str) -> None:
    for actor, headers, status in (
        (world.stranger, {}, 404),
        (None, {}, 401),
        (world.owner, {"Last-Event-ID": "abc"}, 422),
        (world.owner, {"Last-Event-ID": "-1"}, 422),
    ):
        person = Person(base, world.database, actor)
        answer = person.http.get(f"/v1/repair-orders/{order}/progress", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        person.http.close()


def test_a_stream_ends_with_the_credential_and_with_the_sight_that_opened_it(
    world: World, base: str, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams_http, "CHECK_S", 0.3)
    owner, workshop = (Person(base, world.database, actor) for actor in (world.owner, world.technician))
    world.step(order, **STEPS[0])
    with stream(owner, order) as seen_by_owner, stream(workshop, order) as seen_by_workshop:
        assert next(seen_by_owner) == next(seen_by_workshop) == ("1", "check_in")
        with world.database.unit() as unit:
            end_session(unit, owner.http.headers["Authorization"].removeprefix("Bearer "))
        assert list(seen_by_owner) == []
        case = workshop.get(f"/v1/repair-orders/{order}").json()["case"]
        world.step(order, **STEPS[1])
        assert next(seen_by_workshop) == ("2", "inspect")
        with world.database.unit() as unit:
            close_to(unit, case, world.technician.organisation, "test")
        assert list(seen_by_workshop) == []
    for person in (owner, workshop):
        person.http.close()


def test_streams_end_when_the_process_stops(world: World, order: str) -> None:
    with ExitStack() as stack:
        with served(build_app(world.database)) as base:
            owner = Person(base, world.database, world.owner)
            world.step(order, **STEPS[0])
            events = stack.enter_context(stream(owner, order))
            assert next(events) == ("1", "check_in")
        assert list(events) == []
    owner.http.close()
