"""Twelve trips of one car, simulated always and real where ../shared is there, healthy or with a growing fault."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ingest.readings import TripColumns
from ingest.trips import read_trip, write_trip
from simulators.injection import inject

CAROBD = "live22 live1 live2 live3 ufpe1 ufpe2 drive1 drive2 live23 live24 live25 live26"
FIRST_FAULTY = 4


def carobd(shared: Path) -> list[TripColumns]:
    """Twelve real trips of the Etios, in the order of its own clock (minutes since the codes were cleared)."""
    trips = [read_trip(shared / "data" / "trips" / "carobd" / f"{name}.parquet").columns for name in CAROBD.split()]
    return sorted(trips, key=lambda trip: float(np.nanmin(trip.signals["time_since_dtc_clear"])))


def growing_alternator_fault(trips: Sequence[TripColumns], seed: int) -> list[TripColumns]:
    """Inject F22, linear from trip 4 to severity 1 at the last."""
    rng = np.random.default_rng(seed)
    faulty = []
    for number, trip in enumerate(trips, start=1):
        severity = max(0.0, (number - FIRST_FAULTY + 1) / (len(trips) - FIRST_FAULTY + 1))
        faulty.append(inject(trip, "alternator", severity, rng) if severity else trip)
    return faulty


def write_all(trips: Sequence[TripColumns], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, trip in enumerate(trips, start=1):
        path = folder / f"trip{number:02}.parquet"
        write_trip(trip, path)
        paths.append(path)
    return paths
