"""Simulated trips as trip files: one Parquet file per trip, and their labels beside them."""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import numpy as np

from ingest.readings import Block, TripColumns
from ingest.trips import write_trip
from simulators.episodes import FleetChunk
from simulators.sample import Sample

LABELS, EPISODES, CODES = "labels.csv", "episodes.csv", "dtcs.csv"


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


def write_fleet(
    directory: Path, chunks: Iterable[FleetChunk], seed: int = 0, tell: Callable[[int], object] = int
) -> list[Path]:
    """Write every trip of a fleet to `directory` as `car0003_trip0007.parquet`, dated, and what is true of it beside.

    `labels.csv` has a row per trip: file, car, trip, start, odometer, severity by fault. `episodes.csv` has one per
    fault of a car and `dtcs.csv` one per trouble code, with the trips by number and start; empty where it never came to
    that. A trip of which nothing was read has no file. `seed` draws the lateness of the rows; `tell` hears how many
    cars there are by now.
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    number: dict[int, int] = {}
    with (
        (directory / LABELS).open("w", newline="", encoding="utf-8") as trips,
        (directory / EPISODES).open("w", newline="", encoding="utf-8") as episodes,
        (directory / CODES).open("w", newline="", encoding="utf-8") as codes,
    ):
        csv.writer(episodes).writerow(
            ["car", "fault", "second", "code", *_headings("onset", "pending", "confirmed", "failure")]
        )
        csv.writer(codes).writerow(["car", "code", *_headings("pending", "confirmed", "lamp_off")])
        for chunk in chunks:
            if not number:
                csv.writer(trips).writerow(["file", "car", "trip", "start", "odometer_km", *chunk.labels])
            numbers = []
            for car in chunk.car.tolist():
                number[car] = number.get(car, 0) + 1
                numbers.append(number[car])
            paths += _write_chunk(directory, chunk, numbers, seed, trips)
            for it in chunk.episodes:
                when = _moments(chunk, numbers, (it.onset, it.pending, it.confirmed, it.failure))
                csv.writer(episodes).writerow([it.car, it.fault, it.second, it.code, *when])
            for code in chunk.codes:
                when = _moments(chunk, numbers, (code.pending, code.confirmed, code.lamp_off))
                csv.writer(codes).writerow([code.car, code.code, *when])
            tell(len(number))
    return paths


def _headings(*names: str) -> list[str]:
    return [*names, *(f"{name}_at" for name in names)]


def _moments(chunk: FleetChunk, numbers: Sequence[int], columns: Sequence[int]) -> list[object]:
    """Give the numbers of trips and then their starts, empty where it never came to that."""
    places = [numbers[column] if column >= 0 else "" for column in columns]
    return [*places, *(_moment(chunk.start_s[column]) if column >= 0 else "" for column in columns)]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat()


def _write_chunk(directory: Path, chunk: FleetChunk, numbers: Sequence[int], seed: int, labels: TextIO) -> list[Path]:
    table = csv.writer(labels)
    paths = []
    for index, (car, number) in enumerate(zip(chunk.car.tolist(), numbers, strict=True)):
        read = np.flatnonzero(~np.isnan(chunk.block.values[:, :, index]).all(axis=0))
        path = directory / f"car{car:04}_trip{number:04}.parquet"
        if len(read):
            begin = datetime.fromtimestamp(float(chunk.start_s[index]) + int(read[0]), UTC)
            write_trip(trip_of(chunk.block, index, np.random.default_rng([seed, car, number]), start=begin), path)
            paths.append(path)
        severities = [f"{severity[index]:.4f}" for severity in chunk.labels.values()]
        file = path.name if len(read) else ""
        table.writerow(
            [file, car, number, _moment(chunk.start_s[index]), f"{chunk.odometer_km[index]:.1f}", *severities]
        )
    return paths
