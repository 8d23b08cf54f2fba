"""Simulated trips as files, and histories of one car."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ingest.readings import TripColumns, to_block
from ingest.signals import SIGNALS
from ingest.trips import read_trip, split_trips
from simulators.episodes import fleet
from simulators.garage import growing, history
from simulators.output import CODES, EPISODES, LABELS, write_fleet, write_trips
from simulators.sample import sample_trips
from simulators.scenario import shipped

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def idle_volts(trip: TripColumns) -> float:
    turning, volts = trip.signals["engine_speed"], trip.signals["control_module_voltage"]
    at = np.maximum.accumulate(np.where(np.isnan(turning), 0, np.arange(len(turning))))
    rows = (turning[at] > 400) & (turning[at] < 1000) & ~np.isnan(volts) & (trip.t_s > 60)
    return float(np.median(volts[rows]))


def same(one: TripColumns, other: TripColumns) -> bool:
    return (
        (one.boot, one.start, one.t_s.tobytes()) == (other.boot, other.start, other.t_s.tobytes())
        and set(one.signals) == set(other.signals)
        and all(one.signals[name].tobytes() == other.signals[name].tobytes() for name in one.signals)
    )


def test_written_trips_are_read_back_as_they_were(tmp_path: Path) -> None:
    (sample,) = samples = list(sample_trips(5, 3, 2, longest_s=200))
    paths = write_trips(tmp_path, samples)
    assert [path.name for path in paths][:3] == [
        "car0000_trip0001.parquet", "car0000_trip0002.parquet", "car0001_trip0001.parquet"
    ]  # fmt: skip
    for index, path in enumerate(paths):
        file = read_trip(path)
        assert file.unknown_columns == []
        block = to_block([file.columns], sample.block.signals)
        wanted = sample.block.values[:, : sample.block.lengths[index], index]
        first = int(np.argmax(~np.isnan(wanted).all(axis=0)))
        wanted = wanted[:, first : first + block.values.shape[1]]
        assert np.array_equal(block.values[:, : wanted.shape[1], 0], wanted, equal_nan=True)


def test_labels_stand_beside_the_trips(tmp_path: Path) -> None:
    samples = list(sample_trips(6, 12, 3, shares={"alternator": 1.0}, longest_s=160))
    paths = write_trips(tmp_path, samples)
    with (tmp_path / LABELS).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [path.name for path in paths]
    severity = np.concatenate([sample.labels["alternator"] for sample in samples])
    assert np.allclose([float(row["alternator"]) for row in rows], severity, atol=1e-4)
    assert {row["fault"] for row in rows} <= {"", "alternator", "battery_12v"}
    assert [row["fault"] != "" for row in rows] == (severity > 0).tolist()


def test_a_fleet_is_written_with_what_is_true_of_it_and_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    scenario, heard = shipped("sim_a"), list[int]()
    paths = write_fleet(tmp_path / "one", fleet(scenario, 2, 45, 3, faults=("cooling_fan",)), 3, heard.append)
    write_fleet(tmp_path / "two", fleet(scenario, 2, 45, 3, faults=("cooling_fan",)), 3)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted([*(path.name for path in paths), LABELS, EPISODES, CODES])
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)
    assert heard[-1] == 2
    tables = {}
    for name in (LABELS, EPISODES, CODES):
        with (tmp_path / "one" / name).open(encoding="utf-8") as file:
            tables[name] = list(csv.DictReader(file))
    trips = {row["file"]: row for row in tables[LABELS]}
    start = read_trip(paths[-1]).columns.start
    assert start is not None
    assert 0 <= (start - datetime.fromisoformat(trips[paths[-1].name]["start"])).total_seconds() < 200
    (first, second) = (row for row in tables[EPISODES] if row["second"] == "False")
    for row in (first, second):
        begun = next(
            trip for trip in tables[LABELS] if trip["car"] == row["car"] and float(trip["cooling_fan"]) >= 0.05
        )
        assert (row["onset"], row["onset_at"]) == (begun["trip"], begun["start"])


def test_a_history_lies_in_the_past_about_two_trips_a_day() -> None:
    trips = history(7, 10, until=NOW, longest_s=500)
    starts = [trip.start for trip in trips]
    assert all(start is not None for start in starts)
    ends = [start + timedelta(seconds=trip.duration_s) for start, trip in zip(starts, trips, strict=True) if start]
    assert ends[-1] < NOW
    assert all(end < start for end, start in zip(ends, starts[1:], strict=False) if start)
    days = (ends[-1] - ends[0]).total_seconds() / 86400
    assert 9 / 2.6 < days < 9 / 1.5
    assert len({trip.boot for trip in trips}) == 10
    assert all(trip.duration_s > 380 and len(split_trips(trip)) == 1 for trip in trips)


def test_the_fault_of_a_history_grows_over_the_last_trips() -> None:
    assert growing(6, 3).tolist() == pytest.approx([0, 0, 0, 1 / 3, 2 / 3, 1])
    plain = {"smart_alternator": 0.0}
    sick = [idle_volts(trip) for trip in history(3, 8, growing(8, 4), longest_s=600, traits=plain)]
    well = [idle_volts(trip) for trip in history(3, 8, np.zeros(8), longest_s=600, traits=plain)]
    assert sick[:4] == well[:4]
    loss = np.subtract(well, sick)[4:]
    assert loss.min() > 0.1
    assert loss[2:].mean() > loss[:2].mean() + 0.2  # not trip by trip: the sag follows what each trip switches on


def test_the_same_seed_drives_the_same_history() -> None:
    once, again = (history(9, 2, until=NOW, longest_s=450) for _ in range(2))
    assert all(same(one, other) for one, other in zip(once, again, strict=True))
    assert not same(once[0], history(10, 2, until=NOW, longest_s=450)[0])


def test_a_history_holds_only_possible_values() -> None:
    for trip in history(4, 3, longest_s=500):
        assert trip.start is None
        for name, values in trip.signals.items():
            there = values[~np.isnan(values)]
            assert SIGNALS[name].minimum <= there.min() <= there.max() <= SIGNALS[name].maximum
            assert SIGNALS[name].low <= there.min() <= there.max() <= SIGNALS[name].high


def test_wrong_wishes_are_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        history(1, 3, np.zeros(2))
    with pytest.raises(ValueError, match="wings"):
        history(1, 1, traits={"wings": 2})
    assert history(1, 0) == []
