"""Of which archetype every car of a fleet is, without driving it."""

from collections.abc import Sequence

import numpy as np

from simulators.episodes import _possible
from simulators.scenario import Scenario


def archetypes(scenario: Scenario, vehicles: int, seed: int, first: int, *, faults: Sequence[str]) -> dict[int, str]:
    """Give by its number the archetype of every car of `episodes.fleet`, drawn as it is there."""
    made: dict[int, str] = {}
    for number in range(first, first + vehicles):
        asked = faults[number % len(faults)]
        built = np.random.default_rng([seed, number]).spawn(5)[0]
        kind, car = scenario.draw_car(built)
        while asked and asked not in _possible(car, scenario):
            kind, car = scenario.draw_car(built)
        made[number] = kind
    return made
