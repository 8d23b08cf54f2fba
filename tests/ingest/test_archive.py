"""The archive's files come and go under its readers, who find every row once at any moment."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from foundation.clock import FixedClock
from foundation.database import Database
from ingest import registry
from ingest.archive import Archive
from ingest.archive.compaction import Pace
from ingest.archive.retention import Retention, forget
from ingest.archive.store import Directory
from ingest.counting import count_readings
from ingest.intake import Intake
from ingest.tables import message_keys, segment_contents, segments
from tests.ingest.wire import NOON, columns

AT_ONCE = Pace(many=1, rest=timedelta())
CARS = ("car-1", "car-2", "car-3")
DAY = timedelta(days=1)


class Place:
    """An archive with three cars; `sent` is what they sent, in the order of the archive."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.archive = Archive(folder)
        self.intake = Intake(database, self.archive, "w1")
        self.sent: dict[str, list[tuple[int, float]]] = {car: [] for car in CARS}
        self._seq = 0
        with database.unit() as unit:
            for number, car in enumerate(CARS, 1):
                registry.add_vehicle(unit, "org", car)
                registry.add_device(unit, car, f"dev-{number}")

    def send(self, car: int, minutes_ago: int, rows: int = 3) -> None:
        """Let a car send `rows` readings, a minute apart, each with a value of its own."""
        self._seq += 1
        start = NOON - timedelta(minutes=minutes_ago)
        values = [float(self._seq * 8 + row % 8) for row in range(rows)]
        offsets = [60.0 * row for row in range(rows)]
        self.intake.process(
            [columns(self._seq, start, offsets, device=f"dev-{car + 1}", boot=f"b{self._seq % 2}", engine_speed=values)]
        )
        us = round(start.timestamp()) * 1_000_000
        self.sent[CARS[car]] += [(us + round(60e6 * row), value) for row, value in enumerate(values)]

    def found(self, car: str) -> list[tuple[int, float]]:
        with self.database.unit() as unit:
            rows = self.archive.readings(unit, car, NOON - 9 * DAY, NOON + DAY, ["engine_speed"])
        return list(zip(rows.at_us.tolist(), rows.signals.get("engine_speed", ()), strict=True))

    def check(self) -> None:
        for car in CARS:
            found = self.found(car)
            assert [at for at, _ in found] == sorted(at for at, _ in found)
            assert sorted(found) == sorted(self.sent[car])
        with self.database.unit() as unit:
            assert count_readings(unit, "org").stored == sum(map(len, self.sent.values()))

    def files(self) -> set[str]:
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()}

    def listed(self) -> set[str]:
        with self.database.unit() as unit:
            return set(unit.connection.execute(select(segments.c.name)).scalars())

    def settle(self) -> None:
        while self.archive.compact(self.database, AT_ONCE):
            pass
        with self.database.unit() as unit:
            self.archive.remove_files(unit)


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    return Place(database, tmp_path / "archive")


def test_late_data_join_the_file_of_their_day_and_partition(place: Place) -> None:
    for minutes in (60, 1500, 30):
        for car in range(3):
            place.send(car, minutes)
    place.settle()
    place.send(0, 1490)
    place.settle()
    place.check()
    assert place.files() == place.listed()
    with place.database.unit() as unit:
        places = unit.connection.execute(select(segments.c.day, segments.c.partition)).all()
        groups = unit.connection.execute(select(segment_contents.c.row_group)).scalars().all()
    assert len(places) == len(set(places))
    assert {day for day, _ in places} == {(NOON - DAY).date(), NOON.date()}
    assert None not in groups


def test_a_step_that_dies_at_any_write_changes_nothing_and_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for car in range(3):
        place.send(car, 1500)
        place.send(car, 30)
    write = Directory.write
    for deaths in range(1, 4):
        left = [deaths]

        def dying(self: Directory, name: str, fill: Any, left: list[int] = left) -> int:
            size = write(self, name, fill)
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt
            return size

        with monkeypatch.context() as patch:
            patch.setattr(Directory, "write", dying)
            with pytest.raises(KeyboardInterrupt):
                place.archive.compact(place.database, AT_ONCE)
        assert place.files() > place.listed()
        place.check()
        with place.database.unit() as unit:
            place.archive.remove_files(unit)
        assert place.files() == place.listed()
    place.settle()
    place.check()


def test_a_reader_in_the_middle_of_a_step_finds_every_row_once_and_its_files_wait_for_it(place: Place) -> None:
    place.send(0, 30)
    place.send(0, 20)
    before = place.listed()
    with place.database.unit() as reader:
        rows = place.archive.readings(reader, "car-1", NOON - DAY, NOON, ["engine_speed"])
        assert place.archive.compact(place.database, AT_ONCE) == 2
        again = place.archive.readings(reader, "car-1", NOON - DAY, NOON, ["engine_speed"])
        assert rows.at_us.tolist() == again.at_us.tolist() == [at for at, _ in place.sent["car-1"]]
        with place.database.unit() as remover:
            remover.connection.execute(text("SET LOCAL lock_timeout = '100ms'"))
            with pytest.raises(Exception, match="lock timeout"):
                place.archive.remove_files(remover)
            remover.connection.rollback()
        assert before <= place.files()
    place.settle()
    assert place.files() == place.listed()
    place.check()


def test_a_car_that_is_erased_stays_so_whatever_is_compacted(place: Place) -> None:
    for car in range(3):
        place.send(car, 30)
    place.settle()
    place.send(1, 20)
    with place.database.unit() as unit:
        place.archive.mark_for_erasure(unit, ["car-2"])
    place.settle()
    with place.database.unit() as unit:
        while place.archive.erase_some(unit):
            pass
    place.settle()
    place.sent["car-2"] = []
    place.check()
    assert place.files() == place.listed()


_acts = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 2), st.integers(0, 3000)),
        st.builds(Pace, st.integers(1, 4), st.just(DAY), st.integers(1, 4), st.sampled_from([timedelta(), DAY])),
        st.just("remove"),
    ),
    max_size=14,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=_acts)
def test_the_same_rows_are_found_whatever_is_compacted_when(place: Place, acts: list[Any]) -> None:
    for act in acts:
        match act:
            case Pace():
                place.archive.compact(place.database, act)
            case (car, minutes):
                place.send(car, minutes)
            case _:
                with place.database.unit() as unit:
                    place.archive.remove_files(unit)
    place.check()


def test_what_has_served_its_time_is_forgotten_and_a_forgotten_message_is_still_known(
    place: Place, clock: FixedClock
) -> None:
    place.send(0, 30)
    place.send(0, 2 * 24 * 60)
    place.settle()
    keep = Retention(readings=1, rejected=1, keys=1, dtcs=1)
    with place.database.unit() as unit:
        assert forget(unit, keep) == 1
    place.sent["car-1"] = place.sent["car-1"][:3]
    place.check()
    clock.advance(3 * DAY)
    with place.database.unit() as unit:
        assert forget(unit, Retention(keys=1)) == 1
        left = unit.connection.execute(select(message_keys.c.seq)).scalars().all()
    assert left == [2]  # boot b0 began with 2: what lies above its first gap is not forgotten
    again = place.intake.process([columns(1, NOON, device="dev-1", boot="b1", engine_speed=[1.0])])
    assert again.stored == 0
