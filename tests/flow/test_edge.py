"""From the port to the archive: a recorded drive behind our ELM327 arrives whole, over TCP and over a terminal."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ingest.edge.edge import Config, Edge
from ingest.readings import TripColumns
from ingest.trips import read_trip
from simulators.garage import Character, drive
from simulators.played_trip import SteppedTrip
from simulators.sensors import quantise
from tests.flow.car_end import archived, elm_of
from tests.flow.house import House, eventually

ALL_AT_ONCE = '{"fast": {"period_s": 0.05}}'


def some_trip(request: pytest.FixtureRequest, kind: str, rows: int | None) -> TripColumns:
    """Give the first `rows` rows of a recorded drive of this kind, or of a simulated one."""
    if kind == "simulated":
        trip = drive(Character(3), 0.0, datetime(2026, 3, 21, 4, tzinfo=UTC), rows or 900, 3)
    else:
        shared: Path = request.getfixturevalue("shared")
        trip = read_trip(sorted((shared / "data/trips" / kind).glob("*.parquet"))[3]).columns
    return replace(trip, t_s=trip.t_s[:rows], signals={name: values[:rows] for name, values in trip.signals.items()})


def carry(house: House, trip: TripColumns, folder: Path, *, on_pty: bool) -> int:
    """Let a car end ask the drive out of our ELM327, reading by reading, and bring it to the archive."""
    plan = folder / "plan.json"
    plan.write_text(ALL_AT_ONCE, "utf-8")
    source = SteppedTrip(trip)
    with elm_of(source, on_pty=on_pty) as (_, server):
        config = Config(server.address, house.vehicle, house.device_url, folder / "edge", plan=plan, rate=1000)
        with Edge(config) as edge:
            eventually(lambda: source.exhausted or edge.failure, 900, "every reading has been asked for")
            edge.rest()
            # It waits for half a second when it ends, and keeps the rest for the next time.
            assert edge.publisher.wait_committed(120), (edge.facts(), house.get("/v1/ingest/counts"))
        assert edge.poller.tally.refused == {}
        return edge.publisher.sent_readings


@pytest.mark.parametrize(("kind", "rows", "on_pty"), [("simulated", 90, True), ("carobd", 100, False)])
def test_a_drive_arrives_whole(
    request: pytest.FixtureRequest, house: House, tmp_path: Path, kind: str, rows: int, *, on_pty: bool
) -> None:
    compare(house, some_trip(request, kind, rows), tmp_path, on_pty=on_pty)


@pytest.mark.soak
@pytest.mark.parametrize("on_pty", [False, True], ids=["tcp", "pty"])
@pytest.mark.parametrize("kind", ["simulated", "carobd", "kit"])
def test_a_long_drive_arrives_whole(
    request: pytest.FixtureRequest, house: House, tmp_path: Path, kind: str, *, on_pty: bool
) -> None:
    compare(house, some_trip(request, kind, None), tmp_path, on_pty=on_pty)


def compare(house: House, trip: TripColumns, folder: Path, *, on_pty: bool) -> None:
    wanted = {name: values[~np.isnan(values)] for name, values in trip.signals.items()}
    readings = sum(len(values) for values in wanted.values())
    assert carry(house, trip, folder, on_pty=on_pty) == readings
    eventually(lambda: house.get("/v1/ingest/counts")["stored"] >= readings, 60, f"{readings} readings are stored")
    assert house.get("/v1/ingest/counts")["rejected"] == {}
    found = archived(house, sorted(wanted))
    assert set(found) == set(wanted)
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], quantise(name, values), err_msg=name)
    print(f"{readings} readings of {len(wanted)} signals, every one in the archive")
