"""The encoder against bytes that others have published."""

import pytest

from ingest.signals import PIDS, SIGNALS
from simulators.obd_encoding import (
    COMPRESSION,
    CONTINUOUS,
    SPARK,
    MonitorResult,
    Readiness,
    bitmap,
    bitmap_bases,
    encode,
    encode_calibration_ids,
    encode_calibration_numbers,
    encode_dtc,
    encode_dtcs,
    encode_vin,
    pids_of,
)


@pytest.mark.parametrize(
    ("pid", "values", "data"),
    [
        (0x0C, {"engine_speed": 1726.0}, "1a f8"),
        (0x0D, {"vehicle_speed": 50.0}, "32"),
        (0x05, {"coolant_temperature": 83.0}, "7b"),
        (0x04, {"engine_load": 24.7}, "3f"),
        (0x42, {"control_module_voltage": 14.1}, "37 14"),
        (0x32, {"evap_vapor_pressure": -0.25}, "ff ff"),
        (0x54, {"evap_vapor_pressure_alternate": 0.0}, "00 00"),
        (0x34, {"oxygen_sensor_b1s1_lambda": 1.0, "oxygen_sensor_b1s1_current": 0.0}, "80 00 80 00"),
        (0xA6, {"odometer": 123456.7}, "00 12 d6 87"),
        (0x0D, {"vehicle_speed": 300.0}, "ff"),
        (0x05, {"coolant_temperature": -60.0}, "00"),
        (0x14, {"oxygen_sensor_b1s1_voltage": 0.45}, "5a ff"),
        (0x67, {"coolant_temperature_2": 83.0}, "02 00 7b"),
        (0x9A, {"hybrid_battery_voltage": 350.0, "hybrid_battery_current": -12.3}, "06 00 57 80 ff 85"),
    ],
)
def test_a_value_becomes_the_published_bytes(pid: int, values: dict[str, float], data: str) -> None:
    assert encode(pid, values) == bytes.fromhex(data)


@pytest.mark.parametrize("row", PIDS.values(), ids=lambda row: f"{row.number:02X}")
def test_every_pid_takes_both_ends_of_its_signals_and_comes_back_within_half_a_step(row) -> None:
    for end in ("minimum", "maximum"):
        values = {field.signal: getattr(SIGNALS[field.signal], end) for field in row.fields}
        data = encode(row.number, values)
        assert data is not None
        assert len(data) == row.length
        for field in row.fields:
            raw = int.from_bytes(data[field.start : field.start + field.width], "big", signed=field.signed)
            assert raw * field.scale + field.offset == pytest.approx(values[field.signal], abs=field.scale * 1.01)


def test_nothing_known_is_nothing_said() -> None:
    assert encode(0x0C, {"vehicle_speed": 3.0}) is None


def test_a_signal_has_one_pid_beside_its_neighbours() -> None:
    assert pids_of(["engine_speed", "odometer"]) == (0x0C, 0xA6)
    assert pids_of(["oxygen_sensor_b1s1_lambda", "oxygen_sensor_b1s1_current"]) == (0x34,)
    assert pids_of(["oxygen_sensor_b1s1_lambda", "oxygen_sensor_b1s1_wide_voltage"]) == (0x24,)
    assert pids_of(["oxygen_sensor_b1s1_lambda"]) == (0x24,)
    every = [field.signal for number in pids_of(SIGNALS) for field in PIDS[number].fields]
    assert set(every) == {field.signal for row in PIDS.values() for field in row.fields}


def test_support_bitmaps_lead_to_the_last_number() -> None:
    assert bitmap([0x01, 0x0C, 0x20], 0x00) == bytes.fromhex("80 10 00 01")
    assert bitmap([0x0C, 0x42], 0x00) == bytes.fromhex("00 10 00 01")
    assert bitmap([0x0C, 0x42], 0x20) == bytes.fromhex("00 00 00 01")
    assert bitmap([0x0C, 0x42], 0x40) == bytes.fromhex("40 00 00 00")
    assert bitmap_bases([0x0C]) == (0,)
    assert bitmap_bases([0x0C, 0xA6]) == (0, 0x20, 0x40, 0x60, 0x80, 0xA0)
    assert bitmap_bases([]) == (0,)


@pytest.mark.parametrize(
    ("code", "data"),
    [("P0143", "01 43"), ("P0196", "01 96"), ("P0700", "07 00"), ("U0100", "c1 00"), ("B1234", "92 34"),
     ("C1201", "52 01"), ("P3401", "34 01"), ("P0301", "03 01")],
)  # fmt: skip
def test_a_trouble_code_becomes_its_two_bytes(code: str, data: str) -> None:
    assert encode_dtc(code) == bytes.fromhex(data)


@pytest.mark.parametrize("code", ["", "P014", "X0143", "P4143", "P01G3", "P01433"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="no trouble code"):
        encode_dtc(code)


def test_lists_and_texts_of_the_reference() -> None:
    assert encode_dtcs(["P0143", "P0196"]) == bytes.fromhex("02 01 43 01 96")
    assert encode_vin("1HGCM82633A004352") == bytes.fromhex("31 48 47 43 4D 38 32 36 33 33 41 30 30 34 33 35 32")
    told = bytes.fromhex("02 33 31 32 4A 36 30 30 30") + bytes(8) + bytes.fromhex("41 34 37 30 31 30 30 30") + bytes(8)
    assert encode_calibration_ids(["312J6000", "A4701000"]) == told
    assert encode_calibration_numbers([0x6953CD4B, 0x611F6EF2]) == bytes.fromhex("02 69 53 CD 4B 61 1F 6E F2")
    with pytest.raises(ValueError, match="no VIN"):
        encode_vin("1HGCM82633A00435")
    with pytest.raises(ValueError, match="at most 16"):
        encode_calibration_ids(["12345678901234567"])


def test_readiness_of_the_reference() -> None:
    """PID 01 of the sample dialogues: 00 07 E5 00 all done; 81 07 65 04 one code, the evaporative test open."""
    done = frozenset({*CONTINUOUS, "catalyst", "evaporative_system", "oxygen_sensor", "oxygen_sensor_heater",
                      "egr"})  # fmt: skip
    assert Readiness(done, done).encode(mil=False, codes=0) == bytes.fromhex("00 07 E5 00")
    fewer = done - {"egr"}
    assert Readiness(fewer, fewer - {"evaporative_system"}).encode(mil=True, codes=1) == bytes.fromhex("81 07 65 04")
    nothing = Readiness(frozenset(COMPRESSION) - {None} | {"misfire"}, frozenset(), compression=True)
    assert nothing.encode_cycle() == bytes.fromhex("00 19 EB EB")
    assert Readiness(frozenset(SPARK), frozenset(SPARK)).encode(mil=False, codes=0) == bytes.fromhex("00 00 FF 00")
    with pytest.raises(ValueError, match="particulate_filter"):
        Readiness(frozenset({"particulate_filter"}))


def test_a_test_result_has_nine_bytes_in_its_own_scale() -> None:
    assert MonitorResult(0x01, 0x01, 0x0A, 0.450, 0.0, 0.900).encode() == bytes.fromhex("01 01 0A 0E 69 00 00 1C D1")
    assert MonitorResult(0x3D, 0x91, 0x96, -10.0, -40.0, 100.0).encode() == bytes.fromhex("3D 91 96 FF 9C FE 70 03 E8")
