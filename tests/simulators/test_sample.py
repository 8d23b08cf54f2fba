"""Sampled trips: reproducible, rounded as on the wire, and healthy where the label says so."""

import hashlib

import lightgbm
import numpy as np
import pytest

from ingest.readings import Block
from simulators.faults import SIMULATED
from simulators.injection import SHARES
from simulators.sample import Sample, sample_trips
from simulators.sensors import FIELDS, quantise

OBSERVED = (
    "control_module_voltage",
    "engine_speed",
    "intake_manifold_pressure",
    "coolant_temperature",
    "short_term_fuel_trim_1",
    "long_term_fuel_trim_1",
)


def digest(samples: list[Sample]) -> str:
    seen = hashlib.sha256()
    for sample in samples:
        seen.update(sample.block.values.tobytes())
        seen.update(sample.groups.tobytes())
        for name in sorted(sample.labels):
            seen.update(name.encode() + sample.labels[name].tobytes())
    return seen.hexdigest()


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(sample_trips(3, 150, 8, longest_s=900))


def test_the_same_seed_gives_the_same_bytes() -> None:
    once, again, other = (digest(list(sample_trips(seed, 6, 4, longest_s=300))) for seed in (7, 7, 8))
    assert once == again
    assert once != other


def test_chunks_hold_whole_cars_in_order(samples: list[Sample]) -> None:
    groups = np.concatenate([sample.groups for sample in samples])
    assert len(samples) > 1
    assert (groups == np.repeat(np.arange(150), 8)).all()
    for sample in samples:
        assert sample.block.values.dtype == np.float32
        assert sample.block.values.shape[2] == len(sample.groups)
        assert set(sample.labels) == set(SIMULATED)
        behind = np.arange(sample.block.values.shape[1])[:, None] >= sample.block.lengths
        assert np.isnan(sample.block.values[:, behind]).all()


def test_no_faults_are_drawn_where_none_are_asked_for() -> None:
    (sample,) = sample_trips(1, 10, 3, shares={}, longest_s=300)
    assert all((severity == 0).all() for severity in sample.labels.values())
    assert (sample.faults == "").all()
    with pytest.raises(ValueError, match="gremlins"):
        list(sample_trips(1, 10, 3, shares={"gremlins": 0.5}))


def test_a_trip_of_severity_nought_is_byte_for_byte_that_of_a_healthy_car() -> None:
    (with_faults,) = sample_trips(13, 40, 4, longest_s=200)
    (without,) = sample_trips(13, 40, 4, shares={}, longest_s=200)
    well = with_faults.faults == ""
    assert 0.3 < well.mean() < 1
    for trip in np.flatnonzero(well):
        assert with_faults.block.values[:, :, trip].tobytes() == without.block.values[:, :, trip].tobytes()
    sick = np.flatnonzero(with_faults.labels["alternator"] > 0.3)
    assert not np.array_equal(with_faults.block.values[:, :, sick], without.block.values[:, :, sick], equal_nan=True)


def test_every_value_is_one_that_the_wire_can_carry(samples: list[Sample]) -> None:
    block = samples[0].block
    for name in block.signals:
        values = block.signal(name)[~np.isnan(block.signal(name))]
        assert len(values)
        assert np.allclose(quantise(name, values), values, rtol=3e-7, atol=1e-6), name
        raw = (values.astype(np.float64) - FIELDS[name].offset) / FIELDS[name].scale
        assert np.abs(raw - np.rint(raw)).max() < 0.02, name


def test_cars_differ_in_what_they_answer_and_how_often(samples: list[Sample]) -> None:
    blocks = [sample.block for sample in samples]
    share = np.concatenate(
        [(~np.isnan(block.signal("control_module_voltage"))).sum(axis=0) / block.lengths for block in blocks]
    )
    assert (share == 0).mean() < 0.1
    assert np.percentile(share, 20) < 0.6
    assert np.percentile(share, 90) > 0.9
    flow, pressure = (
        np.concatenate([~np.isnan(block.signal(name)).all(axis=0) for block in blocks])
        for name in ("mass_air_flow", "intake_manifold_pressure")
    )
    assert (flow | pressure).all()
    assert 0.1 < (flow & pressure).mean() < 0.5


def statistics(block: Block) -> np.ndarray:
    """Plain statistics of each trip, blind to physics, so that nothing that differs is missed for want of a formula."""
    turning = block.signal("engine_speed")
    rows = []
    for trip in range(len(block.lengths)):
        features = [float(block.lengths[trip])]
        for name in OBSERVED:
            values = block.signal(name)[:, trip]
            for part in (values, values[turning[:, trip] == 0], values[turning[:, trip] > 400]):
                there = part[~np.isnan(part)]
                quantiles = np.percentile(there, [0, 5, 50, 95, 100]) if len(there) else np.full(5, np.nan)
                spread = np.abs(np.diff(there)).mean() if len(there) > 1 else np.nan
                features += [*quantiles, float(np.isnan(part).mean()) if len(part) else np.nan, spread]
        rows.append(features)
    return np.array(rows)


def auc(score: np.ndarray, truth: np.ndarray) -> float:
    ranks = np.argsort(np.argsort(score)) + 1
    positive = int(truth.sum())
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * (len(truth) - positive)))


def discriminate(features: np.ndarray, truth: np.ndarray, groups: np.ndarray) -> float:
    score = np.zeros(len(truth))
    for fold in range(4):
        held = groups % 4 == fold
        data = lightgbm.Dataset(features[~held], label=truth[~held])
        settings = {"objective": "binary", "num_leaves": 15, "min_data_in_leaf": 40, "learning_rate": 0.05,
                    "verbosity": -1, "seed": 1, "num_threads": 1, "deterministic": True}  # fmt: skip
        score[held] = lightgbm.train(settings, data, 60).predict(features[held])
    return auc(score, truth)


@pytest.mark.parametrize(
    "fault", ["alternator", "thermostat_stuck_open", pytest.param("fuel_pump", marks=pytest.mark.soak)]
)
def test_trips_before_the_fault_cannot_be_told_from_healthy_cars(fault: str) -> None:
    longest_s = 240 if fault == "alternator" else 900  # an engine has to get warm
    blocks = list(sample_trips(21, 600, 5, shares={fault: 0.5}, longest_s=longest_s))
    features = np.concatenate([statistics(sample.block) for sample in blocks])
    groups = np.concatenate([sample.groups for sample in blocks])
    severity = np.concatenate([sample.labels[fault] for sample in blocks])
    others = np.concatenate([sum(sample.labels.values()) for sample in blocks]) - severity
    sick = np.isin(groups, groups[severity > 0])
    still_well = (severity == 0) & (others == 0)
    assert 0.45 < discriminate(features[still_well], sick[still_well], groups[still_well]) < 0.55
    clear = ((severity > 0.6) | ~sick) & (others == 0)
    assert discriminate(features[clear], sick[clear], groups[clear]) > 0.85


def test_each_fault_is_among_the_samples(samples: list[Sample]) -> None:
    sick = {name: np.concatenate([sample.labels[name] for sample in samples]) > 0 for name in SHARES}
    assert all(rows.any() for rows in sick.values())
    new = sick["thermostat_stuck_open"], sick["fuel_pump"]
    assert not (new[0] & new[1]).any()
    assert not ((new[0] | new[1]) & (sick["alternator"] | sick["battery_12v"] | sick["starter"])).any()
