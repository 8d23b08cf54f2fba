"""The poller against a fake adapter in fake time: an hour passes in a moment."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ingest.edge.edge import Edge
from tests.ingest.edge.fakes import START, FakeCar, World, drive, make_edge, readings, reports, spooled, two_ecus


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def car(world: World) -> FakeCar:
    return FakeCar(world, two_ecus())


@pytest.fixture
def edge(tmp_path: Path, world: World, car: FakeCar) -> Iterator[Edge]:
    one = make_edge(tmp_path, world, car)
    yield one
    one.stop()


def column(edge: Edge, signal: str) -> list[float]:
    found: list[float] = []
    for _, content in readings(edge):
        if signal in content.signals:
            values = content.values[content.signals.index(signal)]
            found += values[~np.isnan(values)].tolist()
    return found


def test_only_what_the_car_has_is_asked_by_its_period_and_each_value_is_the_engine_s(
    edge: Edge, world: World, car: FakeCar
) -> None:
    drive(edge, world, 61)
    asked = [it for _, it in car.bus_requests(5)]
    assert {it for it in asked if it.startswith("01")} == {"0101", "010C", "010D", "0105"}
    assert 54 <= asked.count("010C") <= 57
    assert 5 <= asked.count("0105") <= 6
    assert set(column(edge, "engine_speed")) == {800.0}
    assert set(column(edge, "vehicle_speed")) == {50.0}  # the gearbox says 49
    pauses = [after - before for (before, _), (after, _) in pairwise(car.bus_requests())]
    assert min(pauses) > 0.049
    assert all(len(content.dt_ms) <= 600 for _, content in readings(edge))
    assert len(readings(edge)) <= 14  # a message a group every ten seconds
    assert edge.poller.trips == 1


def test_without_headers_a_value_on_which_two_differ_is_nobody_s(edge: Edge, world: World, car: FakeCar) -> None:
    bare = {request: [line.split(" ", 2)[2] for line in lines] for request, lines in two_ecus().items()}
    car.replies |= bare | {"0105": ["41 05 7B", "41 05 7B"]}
    drive(edge, world, 30)
    assert set(column(edge, "coolant_temperature")) == {83.0}
    assert set(column(edge, "engine_speed")) == {800.0}
    assert column(edge, "vehicle_speed") == []
    assert set(reports(edge)[0].ecus) == {"unknown"}


def test_codes_are_three_states_per_ecu_with_the_freeze_frame_while_they_are_new(
    edge: Edge, world: World, car: FakeCar
) -> None:
    world.events.append((30.0, lambda: car.replies.update({"0101": ["7E8 06 41 01 82 07 65 04"]})))
    drive(edge, world, 100)
    first, *others = reports(edge)
    assert first.ecus == {
        "7E8": {"stored": ("P0301",), "pending": (), "permanent": ()},
        "7E9": {"stored": (), "pending": (), "permanent": None},
    }
    assert first.mil is True
    assert first.freeze == {"7E8": {"frame": 0, "dtc": "P0301", "signals": {"engine_speed": 1726.0}}}
    assert first.readiness is not None
    assert first.readiness["7E8"]["dtc_count"] == 1
    assert [it.freeze for it in others] == [None] * len(others)
    times = [(it.t - START).total_seconds() for it in reports(edge) if it.t]
    assert 30 < times[1] < 42  # at once when the count changes
    assert 59 < times[2] - times[1] < 62


def test_a_refused_or_mismatched_reply_is_counted_and_gives_no_reading(edge: Edge, world: World, car: FakeCar) -> None:
    car.replies |= {
        "010C": ["7E8 03 7F 01 12"],
        "010D": ["7E8 04 41 0C 1A F8"],
        "0105": ["7E8 03 41 05", "CAN ERROR"],
    }
    drive(edge, world, 60)
    assert readings(edge) == []
    assert sum(edge.poller.tally.refused.values()) > 5


def test_who_promises_an_answer_is_asked_again(edge: Edge, world: World, car: FakeCar) -> None:
    late = iter([["7E8 03 7F 03 78"], ["7E8 03 7F 03 78", "7E8 06 43 02 01 43 01 96"]])
    request = car.request

    def reply(command: str, timeout_s: float) -> list[str]:
        return next(late, ["NO DATA"]) if command == "03" else request(command, timeout_s)

    car.request = reply  # type: ignore[method-assign]
    drive(edge, world, 20)
    assert reports(edge)[0].ecus["7E8"]["stored"] == ("P0143", "P0196")


def test_with_the_engine_off_the_bus_is_left_alone_until_it_starts_again(
    edge: Edge, world: World, car: FakeCar
) -> None:
    def off() -> None:
        car.ignition, car.volts = False, 12.5

    def on() -> None:
        car.ignition, car.volts = True, 14.2

    world.events += [(60.0, off), (2000.0, on)]
    drive(edge, world, 2200)
    asleep = car.bus_requests(200, 2000)
    assert {it for _, it in asleep} == {"0100"}
    assert 5 <= len(asleep) <= 7  # one probe in five minutes
    looks = [at for at, it in car.heard if it == "ATRV" and 200 < at < 2000]
    assert 28 <= len(looks) <= 32
    woken = min(at for at, it in car.bus_requests(2000) if it == "010D")
    assert woken < 2070
    assert edge.poller.trips == 2
    assert max(b - a for (a, _), (b, _) in pairwise(car.bus_requests(2070, 2200))) < 1.1


def test_a_voltage_above_that_of_charging_alone_does_not_wake_a_parked_car(
    edge: Edge, world: World, car: FakeCar
) -> None:
    car.replies |= {"010C": ["7E8 04 41 0C 00 00"], "010D": ["7E8 03 41 0D 00"]}
    drive(edge, world, 1000)
    asked = [it for _, it in car.bus_requests(200)]
    assert set(asked) == {"0100", "010C"}
    assert len(asked) < 40
    assert edge.poller.state == "asleep"
    assert edge.poller.trips == 0


def test_a_car_that_rolls_with_its_engine_off_is_in_use(edge: Edge, world: World, car: FakeCar) -> None:
    car.replies |= {"010C": ["7E8 04 41 0C 00 00"]}
    drive(edge, world, 600)
    assert edge.poller.state == "connected"
    assert len(column(edge, "vehicle_speed")) > 500


def test_below_the_least_voltage_nothing_is_asked_at_all(edge: Edge, world: World, car: FakeCar) -> None:
    car.ignition, car.volts = False, 11.5
    drive(edge, world, 3600)
    assert car.bus_requests() == []
    assert edge.poller.state == "asleep, the battery is low"
    assert len(car.heard) < 70


def test_a_battery_that_drops_while_the_engine_is_off_ends_the_polling_early(
    edge: Edge, world: World, car: FakeCar
) -> None:
    def park() -> None:
        car.volts = 11.6
        car.replies |= {"010C": ["7E8 04 41 0C 00 00"], "010D": ["7E8 03 41 0D 00"]}

    world.events.append((30.0, park))
    drive(edge, world, 600)
    assert max(at for at, _ in car.bus_requests()) < 75


@pytest.mark.parametrize("trouble", ["gone", "silent", "reset"])
def test_any_death_of_the_adapter_is_typed_trouble_and_a_new_connection_with_a_longer_pause(
    edge: Edge, world: World, car: FakeCar, trouble: str
) -> None:
    def die() -> None:
        if trouble == "gone":
            car.dead = True
        elif trouble == "silent":
            car.silent_for = frozenset(car.replies)
        else:
            car.replies["010C"] = ["LV RESET"]

    def live() -> None:
        car.dead, car.silent_for = False, frozenset()
        car.replies |= two_ecus()

    world.events += [(100.0, die), (1000.0, live)]
    drive(edge, world, 1200)
    assert edge.poller.state == "connected"
    assert len(car.connected_at) >= (2 if trouble == "silent" else 8)  # one that answers AT commands is kept
    if trouble == "gone":
        pauses = [b - a for a, b in pairwise(car.connected_at[1:])]
        assert 0.7 < pauses[0] < 3
        assert all(pause <= 76 for pause in pauses)
        assert pauses[-1] > 44
    assert len([at for at, it in car.bus_requests(1100) if it == "010C"]) > 90


def test_monitor_results_are_asked_once_per_warm_trip(edge: Edge, world: World, car: FakeCar) -> None:
    car.replies |= {
        "0600": ["7E8 06 46 00 80 00 00 01"],
        "0620": ["7E8 06 46 20 80 00 00 00"],
        "0601": ["7E8 10 0A 46 01 01 0A 0E 6A", "7E8 21 00 00 1C D5 00 00 00"],
        "0621": ["7E8 03 7F 06 12"],
        "0105": ["7E8 03 41 05 5A"],
    }
    world.events.append((60.0, lambda: car.replies.update({"0105": ["7E8 03 41 05 7B"]})))
    drive(edge, world, 400)
    asked = [(at, it) for at, it in car.bus_requests() if it.startswith("06")]
    assert [it for _, it in asked] == ["0600", "0620", "0601", "0621"]
    assert asked[0][0] > 60
    (told,) = [it.monitors for it in reports(edge) if it.monitors is not None]
    assert told["7E8"][0] | {"value": 0} == {
        "mid": "01", "tid": "01", "uas": "0A", "value": 0, "minimum": 0.0, "maximum": 0.900482, "unit": "V"
    }  # fmt: skip


@pytest.mark.parametrize("has_clock", [True, False])
def test_no_message_spans_a_jump_of_the_clock_and_the_ages_tell_the_truth(
    tmp_path: Path, world: World, car: FakeCar, has_clock: bool
) -> None:
    world.set_clock(datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    edge = make_edge(tmp_path, world, car, has_clock=has_clock)
    world.events += [
        (34.3, lambda: world.set_clock(START)),
        (65.1, lambda: world.set_clock(world.clock.now() - timedelta(hours=1))),
        (95.7, lambda: world.set_clock(world.clock.now() + timedelta(hours=3))),
    ]
    drive(edge, world, 125)
    walls = {34.3: START, 65.1: START + timedelta(seconds=30.8) - timedelta(hours=1)}
    seen = set()
    for message, content in readings(edge):
        assert message.header.age_ms is not None
        begun = world.at - message.header.age_ms / 1000
        ended = begun + content.dt_ms[-1] / 1000
        spans = [jump for jump in (34.3, 65.1, 95.7) if begun < jump - 0.05 and ended > jump + 0.05]
        assert spans == [] or not has_clock
        if not has_clock or begun < 34.2:
            assert content.t0 is None
            seen.add("unset")
        elif 34.4 < begun < 65.0:
            assert content.t0 is not None
            assert abs((content.t0 - walls[34.3]).total_seconds() - (begun - 34.3)) < 0.05
            seen.add("set")
        elif 65.2 < begun < 95.6:
            assert content.t0 is not None
            assert abs((content.t0 - walls[65.1]).total_seconds() - (begun - 65.1)) < 0.05
            seen.add("back")
    assert seen == ({"unset", "set", "back"} if has_clock else {"unset"})
    assert edge.facts()["clock"] == ("system" if has_clock else "unset")
    edge.stop()


@pytest.mark.parametrize(("same_start", "age_known"), [(True, True), (False, False)])
def test_messages_held_over_a_restart_keep_their_age_or_say_that_nobody_knows_it(
    tmp_path: Path, world: World, car: FakeCar, same_start: bool, age_known: bool
) -> None:
    world.set_clock(datetime(1970, 1, 1, tzinfo=UTC))
    first = make_edge(tmp_path, world, car)
    drive(first, world, 30)
    first.stop()
    if not same_start:
        world.at = 0.0
    world.pass_(3600)
    world.set_clock(START)
    second = make_edge(tmp_path, world, car, session="start-1" if same_start else "start-2")
    ages = [message.header.age_ms for _, message in spooled(second)]
    assert ages
    assert all((age is not None) == age_known for age in ages)
    assert not age_known or all(3_600_000 <= age <= 3_631_000 for age in ages if age is not None)
    assert second.outbox.boot != spooled(second)[0][0].boot
    second.stop()
