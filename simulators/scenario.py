"""A scenario: which cars, roads, weather, dongles and faults a simulated fleet is drawn from, read from a TOML file.

`scenarios/sim_a.toml` is what the predictor is trained on, `sim_b.toml` what it is judged by.
"""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ingest.readings import FloatArray
from ingest.signals import SIGNALS
from simulators.cycles import CYCLES, Roads, phases
from simulators.faults import SHAPES, SIMULATED
from simulators.population import PRIORS, SHARES, Cars, Prior, draw_cars
from simulators.sensors import POLLS, BusPriors

# What a fleet follows from, besides its scenario: files of this package. `scenario_hash` covers their bytes.
GENERATOR: Sequence[str] = (
    "air_path.py", "chance.py", "clock.py", "compiled.py", "conditions.py", "cycles.py", "driveline.py",
    "electrical.py", "episodes.py", "evap.py", "exhaust.py", "faults.py", "fuelling.py", "ignition.py", "journeys.py",
    "loads.py", "metering.py", "monitor_tests.py", "monitors.py", "population.py", "scenario.py", "sensors.py",
    "tank.py", "thermal.py", "vehicle.py",
)  # fmt: skip
SHIPPED = ("sim_a", "sim_b")


class ScenarioError(ValueError):
    """A scenario that cannot be used; the message names the file's key."""


@dataclass(frozen=True, slots=True)
class Span:
    """A parameter between `low` and `high`; `skew` above 1 makes values near `low` more common."""

    low: float
    high: float
    skew: float = 1.0

    def draw(self, rng: np.random.Generator, count: int) -> FloatArray:
        """Give `count` values."""
        return (self.low + (self.high - self.low) * rng.random(count) ** self.skew).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Archetype:
    """A kind of car, `share` of the fleet: what it has otherwise than the scenario's other cars."""

    share: float
    priors: Mapping[str, Span] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Climate:
    """A place, `share` of the fleet: yearly mean and half the difference of summer and winter in degC."""

    share: float
    mean: Span
    swing: Span


@dataclass(frozen=True, slots=True)
class Driving:
    """How people drive: `outings` a day of one to four trips each make some `trips_a_day`."""

    cycles: tuple[str, ...]
    style_kmh: tuple[float, ...]
    style_shares: tuple[float, ...]
    trips_a_day: float = 2.6
    median_km: float = 7.0
    sigma_km: float = 0.9
    longest_s: int = 1800
    gain: tuple[float, float] = (0.85, 1.1)
    stretch: tuple[float, float] = (0.9, 1.25)


@dataclass(frozen=True, slots=True)
class Clock:
    """How a fault grows (faults.md B8): `share` of the fleet develops it.

    Gradual: severity 1 after some `median_days` (lognormal, `sigma`) by a power of time within `power`. Sudden: a step.
    """

    share: float
    sudden: bool = False
    median_days: float = 90.0
    sigma: float = 0.35
    power: tuple[float, float] = (1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that a fleet is drawn from. `priors` and `shares` replace rows of `population.py` by name.

    How a fault looks in a car (`faults.SHAPES`) is drawn with `shape_skew` (above 1: near the low end more often) and
    with the odds of a flag times `shape_odds`; `shapes` and `shape_shares` replace rows by name.
    """

    name: str
    driving: Driving
    bus: BusPriors
    archetypes: Mapping[str, Archetype]
    climates: Mapping[str, Climate]
    faults: Mapping[str, Clock]
    priors: Mapping[str, Span] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    shapes: Mapping[str, Span] = field(default_factory=dict)
    shape_shares: Mapping[str, float] = field(default_factory=dict)
    shape_skew: float = 1.0
    shape_odds: float = 1.0
    second_fault: float = 0.08

    @property
    def roads(self) -> Roads:
        """Give what trips are spliced from."""
        drives = self.driving
        return Roads(drives.cycles, drives.style_kmh, drives.style_shares, drives.gain, drives.stretch)

    def draw_car(self, rng: np.random.Generator) -> tuple[str, Cars]:
        """Draw one car: the name of its archetype and its parameters."""
        kind = _pick(rng, {name: it.share for name, it in self.archetypes.items()})
        place = self.climates[_pick(rng, {name: it.share for name, it in self.climates.items()})]
        own = self.archetypes[kind]
        spans = {**self.priors, **own.priors, "climate_mean": place.mean, "climate_swing": place.swing}
        rows = [_changed(prior, spans.get(prior.name)) for prior in PRIORS]
        return kind, draw_cars(rng, 1, rows, {**SHARES, **self.shares, **own.shares})

    def draw_shape(self, rng: np.random.Generator) -> Mapping[str, FloatArray]:
        """Draw how the faults of one car would look: name -> [1], see `faults.SHAPES`. Each row has its own stream."""
        drawn: dict[str, FloatArray] = {}
        for shape, own in zip(SHAPES, rng.spawn(len(SHAPES)), strict=True):
            if shape.share is None:
                span = self.shapes.get(shape.name, Span(shape.low, shape.high, self.shape_skew))
                drawn[shape.name] = span.draw(own, 1)
            else:
                odds = self.shape_odds * shape.share / max(1 - shape.share, 1e-9)
                share = self.shape_shares.get(shape.name, odds / (1 + odds))
                drawn[shape.name] = (own.random(1) < share).astype(np.float32)
        return drawn


def _pick(rng: np.random.Generator, shares: Mapping[str, float]) -> str:
    weights = np.array(list(shares.values()))
    return list(shares)[int(rng.choice(len(weights), p=weights / weights.sum()))]


def _changed(prior: Prior, span: Span | None) -> Prior:
    return prior if span is None else replace(prior, low=span.low, high=span.high, skew=span.skew)


def load(path: Path) -> Scenario:
    """Read a scenario; raises `ScenarioError` for what it must not say."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(error.strerror) from error
    except UnicodeDecodeError as error:
        raise ScenarioError("is not UTF-8") from error


def shipped(name: str) -> Scenario:
    """Give a scenario of this package: `sim_a` or `sim_b`."""
    return parse(_bytes("scenarios", f"{name}.toml").decode())


def parse(text: str) -> Scenario:
    """Read a scenario from TOML. Unknown keys, wrong kinds and impossible values raise `ScenarioError` by name."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(str(error)) from error
    scenario: Scenario = _filled(Scenario, document, "")
    _check(scenario)
    return scenario


def scenario_hash(name_or_path: str | Path) -> str:
    """Give SHA-256 over a scenario's bytes (a shipped name, or a file) and those of the generator's source."""
    is_file = isinstance(name_or_path, Path)
    digest = hashlib.sha256(Path(name_or_path).read_bytes() if is_file else _bytes("scenarios", f"{name_or_path}.toml"))
    for name in GENERATOR:
        digest.update(name.encode() + b"\0" + _bytes(name))
    return digest.hexdigest()


def _bytes(*parts: str) -> bytes:
    return files("simulators").joinpath(*parts).read_bytes()


# Key of a mapping -> what its values are.
_ENTRIES: Mapping[str, type] = {
    "archetypes": Archetype, "climates": Climate, "faults": Clock, "priors": Span, "shapes": Span
}  # fmt: skip
_TABLES: Mapping[str, type] = {"driving": Driving, "bus": BusPriors, "mean": Span, "swing": Span}


def _filled(kind: type, given: Any, where: str) -> Any:
    """Make `kind` from a table, or a span from [low, high] or [low, high, skew]."""
    if kind is Span and isinstance(given, list):
        if len(given) not in (2, 3):
            raise ScenarioError(f"{where}: a range is [low, high] or [low, high, skew]")
        return Span(*(_number(value, where) for value in given))
    if not isinstance(given, dict):
        raise ScenarioError(f"{where}: expected a table, not {given!r}")
    known = {row.name: row for row in fields(kind)}
    if unknown := sorted(set(given) - set(known)):
        raise ScenarioError(f"unknown key {', '.join(where + name for name in unknown)}")
    needed = {name for name, row in known.items() if row.default is MISSING and row.default_factory is MISSING}
    if missing := sorted(needed - set(given)):
        raise ScenarioError(f"missing key {', '.join(where + name for name in missing)}")
    return kind(**{name: _value(name, value, known[name], where + name) for name, value in given.items()})


def _value(name: str, given: Any, row: Any, where: str) -> Any:
    if name in _TABLES:
        return _filled(_TABLES[name], given, f"{where}." if isinstance(given, dict) else where)
    if isinstance(given, dict):
        entry = _ENTRIES.get(name)
        if entry is None:
            return {key: _number(value, f"{where}.{key}") for key, value in given.items()}
        nested = {key: f"{where}.{key}" for key in given}
        return {
            key: _filled(entry, value, f"{nested[key]}." if isinstance(value, dict) else nested[key])
            for key, value in given.items()
        }
    if isinstance(given, list):
        if "tuple" not in str(row.type):
            raise ScenarioError(f"{where}: {given!r} is a list")
        if row.type == tuple[float, float] and len(given) != 2:
            raise ScenarioError(f"{where}: a range is [low, high]")
        return tuple(given if "str" in str(row.type) else (_number(value, where) for value in given))
    if isinstance(given, str) != ("str" in str(row.type)) or isinstance(given, bool) != ("bool" in str(row.type)):
        raise ScenarioError(f"{where}: {given!r} is not a {getattr(row.type, '__name__', row.type)}")
    return given


def _number(given: Any, where: str) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ScenarioError(f"{where}: {given!r} is no number")
    return float(given)


def _check(scenario: Scenario) -> None:
    """Refuse names that nothing in the simulator has, ranges the wrong way round, and shares that are none."""
    rows = {prior.name for prior in PRIORS}
    kinds = scenario.archetypes
    _known("priors", scenario.priors, rows - {"climate_mean", "climate_swing"})
    _known("shares", scenario.shares, SHARES)
    _known("shapes", scenario.shapes, {shape.name for shape in SHAPES if shape.share is None})
    _known("shape_shares", scenario.shape_shares, {shape.name for shape in SHAPES if shape.share is not None})
    _known("faults", scenario.faults, SIMULATED)
    _known("bus.support", scenario.bus.support, SIGNALS)
    _known("bus.polls", scenario.bus.polls, POLLS)
    for name, kind in kinds.items():
        _known(f"archetypes.{name}.priors", kind.priors, rows - {"climate_mean", "climate_swing"})
        _known(f"archetypes.{name}.shares", kind.shares, SHARES)
    for cycle in scenario.driving.cycles:
        if phases(cycle)[0] not in CYCLES:
            raise ScenarioError(f"driving.cycles: no cycle is called {cycle}; there are {', '.join(CYCLES)}")
    every = {"second_fault": scenario.second_fault, **{f"shares.{key}": it for key, it in scenario.shares.items()}}
    every |= {f"faults.{key}.share": it.share for key, it in scenario.faults.items()}
    every |= {f"shape_shares.{key}": it for key, it in scenario.shape_shares.items()}
    every |= {f"bus.support.{key}": it for key, it in scenario.bus.support.items()}
    every |= {f"archetypes.{a}.shares.{b}": it for a, kind in kinds.items() for b, it in kind.shares.items()}
    for key, share in every.items():
        if not 0 <= share <= 1:
            raise ScenarioError(f"{key}: {share} is no share of 0 to 1")
    if (total := sum(clock.share for clock in scenario.faults.values())) > 1:
        raise ScenarioError(f"faults: the shares add up to {total:g}, more than every car")
    spans = {f"priors.{key}": it for key, it in scenario.priors.items()}
    spans |= {f"shapes.{key}": it for key, it in scenario.shapes.items()}
    spans |= {f"archetypes.{a}.priors.{b}": it for a, kind in kinds.items() for b, it in kind.priors.items()}
    for key, span in spans.items():
        if span.low > span.high or span.skew <= 0:
            raise ScenarioError(f"{key}: the range {span.low:g} to {span.high:g} is empty")
    if not kinds or not scenario.climates:
        raise ScenarioError("archetypes and climates: at least one of each")


def _known(where: str, given: Mapping[str, Any], known: Any) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise ScenarioError(f"unknown key {', '.join(f'{where}.{name}' for name in unknown)}")
