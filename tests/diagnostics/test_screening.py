"""Screening into the database: findings are raised once, whatever the order, and by however many workers."""

import threading
from dataclasses import replace
from datetime import timedelta
from random import Random

import numpy as np
import pytest

from diagnostics.features import SIGNALS
from diagnostics.findings import Finding, Urgency
from diagnostics.held import Held
from diagnostics.modes import MODES
from diagnostics.predictor import Predictor
from diagnostics.screening import STOPPING, may_stop, screen, screen_stop
from diagnostics.told import list_findings
from foundation.database import Database
from foundation.events import read
from foundation.grants import open_to
from foundation.identity import Actor, Role, add_organisation, desk_of
from ingest.readings import Block, TripColumns, to_block
from tests.diagnostics.cars import GROWING, NEW_YEAR, history, trip


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.shipped()


def test_a_growing_fault_raises_one_finding_with_reasons_and_one_event(
    database: Database, predictor: Predictor
) -> None:
    with database.unit() as unit:
        told = screen(unit, predictor, history(GROWING))
    with database.unit() as unit:
        listed = list_findings(unit, desk_of("org_a"), "car")
        events = [event for event in read(unit, "car") if event.kind == "finding"]
    assert [finding.fault for finding in told] == ["alternator"]
    assert listed == told
    assert [event.data["finding"] for event in events] == [told[0].id]
    assert told[0].evidence
    assert told[0].evidence[0].text_zh
    assert told[0].predictor == predictor.version


def test_healthy_trips_raise_nothing(database: Database, predictor: Predictor) -> None:
    with database.unit() as unit:
        assert screen(unit, predictor, history([0.0] * 12)) == []


def test_screening_the_same_trips_again_changes_nothing(database: Database, predictor: Predictor) -> None:
    with database.unit() as unit:
        first = screen(unit, predictor, history(GROWING))
    with database.unit() as unit:
        assert screen(unit, predictor, history(GROWING)) == []
        assert list_findings(unit, desk_of("org_a"), "car") == first


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_arrival_does_not_matter(database: Database, predictor: Predictor, seed: int) -> None:
    trips = history(GROWING)
    with database.unit() as unit:
        (told,) = screen(unit, predictor, trips)
    shuffled = [(replace(span, vehicle="other"), replace(columns, vehicle="other")) for span, columns in trips]
    Random(seed).shuffle(shuffled)
    found = []
    for place in range(0, len(shuffled), 5):
        with database.unit() as unit:
            found += screen(unit, predictor, shuffled[place : place + 5])
    with database.unit() as unit:
        (other,) = list_findings(unit, desk_of("org_a"), "other")
    assert len(found) == 1
    assert (other.probability, other.fault) == (told.probability, told.fault)


def test_a_trip_that_grew_replaces_what_it_said_before(database: Database, predictor: Predictor) -> None:
    trips = history(GROWING)
    span, columns = trips[8]
    half = TripColumns(
        "car", columns.boot, columns.start, columns.t_s[:300], {k: v[:300] for k, v in columns.signals.items()}
    )
    begun = replace(span, end=span.start + timedelta(seconds=half.duration_s))
    with database.unit() as unit:
        screen(unit, predictor, [*trips[:8], (begun, half)])
        screen(unit, predictor, trips[8:])
    with database.unit() as unit:
        votes = "SELECT count(*), count(DISTINCT boot) FROM trip_votes WHERE fault = 'alternator'"
        count = unit.connection.exec_driver_sql(votes).one()
    assert tuple(count) == (len(GROWING), len(GROWING))


def test_two_workers_at_once_raise_one_finding(database: Database, predictor: Predictor) -> None:
    trips, told = history(GROWING), []
    ready = threading.Barrier(2)

    def work() -> None:
        with database.unit() as unit:
            ready.wait(10)
            told.extend(screen(unit, predictor, trips))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert len(told) == 1


def test_the_same_trouble_is_a_new_finding_only_after_30_days(database: Database, predictor: Predictor) -> None:
    with database.unit() as unit:
        (first,) = screen(unit, predictor, history(GROWING))
    again = [
        (replace(span, boot=f"later-{span.boot}"), columns)
        for span, columns in history(GROWING, first=NEW_YEAR + timedelta(days=150))
    ]
    with database.unit() as unit:
        (second,) = screen(unit, predictor, again)
    assert second.id != first.id
    assert second.confirmed - first.confirmed >= timedelta(days=30)


def test_a_stop_condition_that_goes_on_is_told_once_and_after_a_repair_again(
    database: Database, predictor: Predictor
) -> None:
    """Every ten days for two months: the live rule knows what it told, and that it was repaired in between."""
    window = to_block([trip(180, voltage=11.5)], SIGNALS)

    def stop(day: int, repaired_on: int | None = None) -> list[Finding]:
        repairs = [NEW_YEAR + timedelta(days=repaired_on)] if repaired_on is not None else []
        with database.unit() as unit:
            return screen_stop(unit, predictor, window, [("car", "org_a")], [NEW_YEAR + timedelta(days=day)],
                               lambda _: {"car": {"alternator": repairs}})  # fmt: skip

    assert [len(stop(day)) for day in range(0, 70, 10)] == [1, 0, 0, 0, 0, 0, 0]
    (again,) = stop(75, repaired_on=70)
    assert stop(80, repaired_on=70) == []
    assert len(stop(120, repaired_on=70)) == 1
    with database.unit() as unit:
        assert [one.id for one in list_findings(unit, desk_of("org_a"), "car")][1] == again.id


def test_trips_after_a_repair_are_judged_by_themselves(database: Database, predictor: Predictor) -> None:
    """A car with a fault that is repaired, and has it again at once: two findings, however often one looks."""
    trips = history([*GROWING, *[1.6] * 8])
    with database.unit() as unit:
        (first,) = screen(unit, predictor, trips[: len(GROWING)])
    mended = trips[len(GROWING)][0].start - timedelta(minutes=1)
    for _ in range(2):
        with database.unit() as unit:
            told = screen(unit, predictor, trips, lambda _: {"car": {"alternator": [mended]}})
            listed = list_findings(unit, desk_of("org_a"), "car")
        assert len(listed) == 2
        assert listed[1].id == first.id
        assert listed[0].first_seen > mended
    assert told == []


def test_a_stop_condition_raises_at_once_and_only_once(database: Database, predictor: Predictor) -> None:
    window = to_block([trip(180, voltage=11.5), trip(180)], SIGNALS)
    cars = [("car", "org_a"), ("sound", "org_a")]
    with database.unit() as unit:
        (stop,) = screen_stop(unit, predictor, window, cars, [NEW_YEAR] * len(cars))
        assert screen_stop(unit, predictor, window, cars, [NEW_YEAR + timedelta(seconds=5)] * len(cars)) == []
    assert (stop.vehicle, stop.urgency) == ("car", Urgency.S0)
    assert "V" in stop.evidence[0].text_en


def test_only_windows_with_a_sign_of_it_can_hold_a_stop_condition() -> None:
    """Whatever stops a car lies in a window that `may_stop` points at, and in no mode but those named."""
    rng = np.random.default_rng(5)
    names = sorted({signal for mode in MODES.values() for signal in mode.signals})
    values = rng.uniform(5, 20, (len(names), 180, 60)).astype(np.float32)
    for name, low, high in (("engine_speed", 800, 3000), ("coolant_temperature", 80, 125), ("vehicle_speed", -60, 60)):
        values[names.index(name)] = rng.uniform(low, high, (1, 60)) + rng.uniform(-1, 1, (180, 60))
    values[names.index("coolant_temperature")] += np.linspace(-15, 15, 180, dtype=np.float32)[:, None]
    values[names.index("vehicle_speed")] = np.maximum(values[names.index("vehicle_speed")], 0)  # half of them stand
    values[names.index("control_module_voltage")] = rng.uniform(11, 14, (1, 60)) + rng.uniform(-0.1, 0.1, (180, 60))
    block = Block(tuple(names), 1.0, values, np.full(60, 180))
    held, signs = Held(block), may_stop(block.signal)
    stopped = {fault: ~np.isnan(mode.stop(held).at_s) for fault, mode in MODES.items()}
    assert {fault for fault, found in stopped.items() if found.any()} == set(STOPPING)
    anything = np.logical_or.reduce(list(stopped.values()))
    assert 5 < anything.sum() <= signs.sum() < 60
    assert not (anything & ~signs).any()


def test_a_stop_condition_escalates_a_finding_that_is_there(database: Database, predictor: Predictor) -> None:
    with database.unit() as unit:
        (finding,) = screen(unit, predictor, history([0.0] * 6 + [1.6] * 6))
        assert finding.urgency is Urgency.S1
        soon = finding.confirmed + timedelta(hours=3)
        (worse,) = screen_stop(
            unit, predictor, to_block([trip(180, voltage=11.5)], SIGNALS), [("car", "org_a")], [soon]
        )
    assert (worse.id, worse.urgency, worse.confirmed) == (finding.id, Urgency.S0, finding.confirmed)
    with database.unit() as unit:
        assert len(list_findings(unit, desk_of("org_a"), "car")) == 1
        assert [event.data["urgency"] for event in read(unit, "car")] == ["S1", "S0"]


def test_a_finding_is_seen_by_its_owner_and_by_those_it_is_opened_to(database: Database, predictor: Predictor) -> None:
    stranger = Actor("acc_b", "org_b", Role.TECHNICIAN)
    with database.unit() as unit:
        add_organisation(unit, "B", "org_b")
        screen(unit, predictor, history(GROWING))
        assert list_findings(unit, stranger, "car") == []
        open_to(unit, "car", "org_b", Role.TECHNICIAN, "test")
        assert len(list_findings(unit, stranger, "car")) == 1
