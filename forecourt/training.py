"""Training the shipped predictor: simulated cars in, predictor files out."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from diagnostics.training.dataset import Sample
from diagnostics.training.train import train
from simulators.sample import sample_trips

CARS = 2400
TRIPS_PER_CAR = 12


def train_shipped(seed: int, directory: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Simulate the fleet of `seed`, train on it, write the predictor into `directory`, and give the report."""

    def told() -> Iterator[Sample]:
        cars = 0
        for sample in sample_trips(seed, CARS, TRIPS_PER_CAR):
            cars += len(set(sample.groups.tolist()))
            tell(f"simulated {cars} of {CARS} cars")
            yield sample.block, sample.labels, sample.groups
        tell("training")

    return train(told(), seed, directory)
