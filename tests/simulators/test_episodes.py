"""Fleets over weeks: reproducible, coherent from trip to trip, labelled by what was put in, alike while healthy."""

import hashlib
from collections.abc import Iterable

import numpy as np
import pytest

from ingest.vehicles import Fuel
from simulators.clock import FAILURE, ONSET, QUIET_DAYS
from simulators.episodes import HEALTHY, FleetChunk, fleet
from simulators.journeys import DAY_S
from simulators.scenario import shipped

A = shipped("sim_a")


def digest(chunks: Iterable[FleetChunk]) -> str:
    seen = hashlib.sha256()
    for chunk in chunks:
        seen.update(np.ascontiguousarray(chunk.block.values).tobytes() + chunk.start_s.tobytes() + chunk.car.tobytes())
        seen.update(b"".join(chunk.labels[name].tobytes() for name in sorted(chunk.labels)))
        seen.update(repr((chunk.episodes, chunk.codes, chunk.config)).encode())
    return seen.hexdigest()


def test_the_same_seed_gives_the_same_bytes() -> None:
    once, again, other = (digest(fleet(A, 3, 8, seed)) for seed in (7, 7, 8))
    assert once == again
    assert once != other


def test_a_car_of_a_number_is_the_same_in_every_fleet() -> None:
    (many,) = fleet(A, 4, 8, 5)
    (one,) = fleet(A, 1, 8, 5, first=2)
    own = many.car == 2
    assert (many.start_s[own] == one.start_s).all()
    assert (many.block.lengths[own] == one.block.lengths).all()
    assert many.config[2] == one.config[2]
    assert all((many.labels[name][own] == one.labels[name]).all() for name in one.labels)


def test_chunks_hold_whole_cars_in_order_of_time() -> None:
    chunks = list(fleet(A, 12, 60, 3, faults=HEALTHY))
    assert len(chunks) > 1
    cars = np.concatenate([chunk.car for chunk in chunks])
    assert sorted(set(cars.tolist())) == list(range(12))
    assert sum(len(set(chunk.car.tolist())) for chunk in chunks) == 12
    assert 1.7 < len(cars) / (12 * 60) < 3.6
    for chunk in chunks:
        for car in set(chunk.car.tolist()):
            own = chunk.car == car
            ends = chunk.start_s[own] + chunk.block.lengths[own]
            assert (chunk.start_s[own][1:] >= ends[:-1]).all()
            assert (np.diff(chunk.odometer_km[own]) >= 0).all()
            assert chunk.config[car].fuel is Fuel.PETROL
        assert not any(severity.any() for severity in chunk.labels.values())
        assert not chunk.episodes


def test_until_a_fault_begins_the_car_is_byte_for_byte_a_healthy_one() -> None:
    (sick,) = fleet(A, 4, 40, 11, faults=("vacuum_leak", "alternator", "misfire", "catalyst"))
    (well,) = fleet(A, 4, 40, 11, faults=HEALTHY)
    trips = 0
    for episode in sick.episodes:
        if episode.second or not (np.array_equal(sick.start_s[sick.car == episode.car][:5],
                                                 well.start_s[well.car == episode.car][:5])):  # fmt: skip
            continue
        now, then = np.flatnonzero(sick.car == episode.car), np.flatnonzero(well.car == episode.car)
        severity = np.sum(list(sick.labels.values()), axis=0)
        for one, other in zip(now, then, strict=False):
            if severity[one] == 0:
                length = sick.block.lengths[one]
                assert np.array_equal(
                    sick.block.values[:, :length, one], well.block.values[:, :length, other], equal_nan=True
                )
                trips += 1
    assert trips > 100


@pytest.mark.parametrize("fault", ["thermostat_stuck_open", "cooling_fan"])
def test_a_fault_that_was_asked_for_grows_behind_healthy_weeks(fault: str) -> None:
    for chunk in fleet(A, 3, 110, 2, faults=(fault,)):
        for episode in chunk.episodes:
            if episode.second:
                continue
            own = np.flatnonzero(chunk.car == episode.car)
            severity = chunk.labels[fault][own]
            assert episode.fault == fault
            assert episode.onset == own[np.argmax(severity >= ONSET)]
            assert episode.onset_s == chunk.start_s[episode.onset]
            assert episode.onset_s - chunk.start_s[own[0]] > (QUIET_DAYS - 2) * DAY_S
            assert (episode.failure >= 0) == bool((severity >= FAILURE).any())
            if episode.confirmed >= 0:
                assert episode.onset <= episode.pending <= episode.confirmed
                assert chunk.start_s[own[-1]] <= episode.confirmed_s + 10 * DAY_S
            if fault == "thermostat_stuck_open":
                assert (np.diff(severity) >= 0).all()


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="gremlins"):
        next(fleet(A, 1, 5, 1, faults=("gremlins",)))
