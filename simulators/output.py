"""Simulated trips as trip files: one Parquet file per trip, and their labels beside them."""

import csv
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import numpy as np

from ingest.readings import Block, TripColumns
from ingest.trips import write_trip
from simulators.sample import Sample

LABELS = "labels.csv"


def trip_of(
    block: Block, index: int, rng: np.random.Generator, vehicle: str = "", boot: str = "", start: datetime | None = None
) -> TripColumns:
    """Give one trip of a block as columns; seconds without any reply and signals never answered are left out.

    Rows are read 20 to 150 ms late, each its own way; the first is at 0 s, and each row keeps its second.
    """
    values = block.values[:, : block.lengths[index], index]
    rows = np.flatnonzero(~np.isnan(values).all(axis=0))
    late = rng.uniform(0.02, 0.15, len(rows))
    t_s = rows - rows[:1] + np.where(np.arange(len(rows)) > 0, late, 0)
    answered = {
        name: values[row, rows] for row, name in enumerate(block.signals) if not np.isnan(values[row, rows]).all()
    }
    return TripColumns(vehicle, boot, start, t_s.astype(np.float64), answered)


def write_trips(directory: Path, samples: Iterable[Sample], seed: int = 0) -> list[Path]:
    """Write every trip to `directory` as `car0003_trip0007.parquet` and `labels.csv`; gives the trip files.

    A row of labels: file, car, trip, fault (the worst, empty when healthy), and a severity per fault. Trips are
    undated. `seed` draws the lateness of the rows.
    """
    directory.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths: list[Path] = []
    with (directory / LABELS).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        number: dict[int, int] = {}
        for sample in samples:
            if not paths:
                table.writerow(["file", "car", "trip", "fault", *sample.labels])
            for index, (car, fault) in enumerate(zip(sample.groups.tolist(), sample.faults.tolist(), strict=True)):
                number[car] = number.get(car, 0) + 1
                path = directory / f"car{car:04}_trip{number[car]:04}.parquet"
                write_trip(trip_of(sample.block, index, rng), path)
                severities = [f"{severity[index]:.4f}" for severity in sample.labels.values()]
                table.writerow([path.name, car, number[car], fault, *severities])
                paths.append(path)
    return paths
