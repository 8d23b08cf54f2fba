"""The signal table and the PID table are sound, agree with each other, and with the published ranges."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from ingest.signals import PIDS, SIGNALS, UNITS, Field

RESERVED = {"fuel_rate": 0xFB00}  # raw values from here on mean "not available"
FIELDS = [(pid, field) for pid in PIDS.values() for field in pid.fields]


def extreme(field: Field, *, high: bool) -> float:
    values = 2 ** (8 * field.width)
    raw = (RESERVED.get(field.signal, values) - 1 if high else 0) - (values // 2 if field.signed else 0)
    return raw * field.scale + field.offset


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=lambda signal: signal.name)
def test_a_signal_has_a_unit_words_and_nested_ranges(signal) -> None:
    assert signal.unit in UNITS
    assert signal.minimum <= signal.low < signal.high <= signal.maximum
    assert signal.max_rate is None or signal.max_rate > 0
    assert signal.en
    assert signal.zh
    assert not signal.vss or signal.vss.startswith("Vehicle.")


def test_no_vss_leaf_is_named_twice() -> None:
    leaves = Counter(signal.vss for signal in SIGNALS.values() if signal.vss)
    assert [leaf for leaf, count in leaves.items() if count > 1] == []


@pytest.mark.parametrize(("pid", "field"), FIELDS, ids=lambda it: getattr(it, "signal", None))
def test_all_that_a_pid_can_carry_lies_within_its_signal_s_range(pid, field) -> None:
    signal = SIGNALS[field.signal]
    assert field.start + field.width <= pid.length
    for high in (False, True):
        value = extreme(field, high=high)
        assert signal.minimum - 1e-3 <= value <= signal.maximum + 1e-3


def test_ranges_are_those_of_the_published_table(shared: Path) -> None:
    with (shared / "domain/pid_vss_map.csv").open(encoding="utf-8") as file:
        published = {row["vss_obd_path"]: row for row in csv.DictReader(file) if row["mode"] == "01" and row["min"]}
    compared = 0
    for pid, field in FIELDS:
        row = published.get(SIGNALS[field.signal].vss)
        if row is None or int(row["pid"], 16) != pid.number:
            continue
        scale = 1000 if row["unit"] == "A" and SIGNALS[field.signal].unit == "mA" else 1
        low, high = (scale * float(row[edge]) for edge in ("min", "max"))
        assert extreme(field, high=False) == pytest.approx(low, abs=0.01), row
        assert extreme(field, high=True) == pytest.approx(high, rel=2e-3, abs=0.01), row
        compared += 1
    assert compared >= 64


def test_every_signal_is_carried_and_every_leaf_that_vss_lacks_is_above_5f() -> None:
    first = {field.signal: pid.number for pid, field in reversed(FIELDS)}
    assert set(first) == set(SIGNALS)
    assert all(signal.vss for name, signal in SIGNALS.items() if first[name] <= 0x5F)


@pytest.mark.parametrize("pid", PIDS.values(), ids=lambda pid: f"{pid.number:02X}")
def test_no_two_fields_share_bytes_and_support_bits_stand_outside_them(pid) -> None:
    taken = [byte for field in pid.fields for byte in range(field.start, field.start + field.width)]
    assert len(set(taken)) == len(taken)
    supports = [field.present for field in pid.fields if field.present is not None]
    assert len(set(supports)) == len(supports)
    assert all(byte < pid.length and byte not in taken and 0 <= bit < 8 for byte, bit in supports)


def test_published_bytes_decode_to_published_values() -> None:
    field = PIDS[0x05].fields[0]
    assert 0x4B * field.scale + field.offset == 35  # 41 05 4B is 35 degC
