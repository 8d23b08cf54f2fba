"""What a whole scan tells: elmulator's scenarios by their exchanges alone, readiness, freeze frames, on-board tests."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.edge.decoding import supported_pids, values
from ingest.edge.freeze_frame import FreezeFrame, freeze_frames, request, trigger_codes
from ingest.edge.identification import supported_types, vin
from ingest.edge.monitor_results import NAMES, SCALINGS, monitor_results, supported_monitors
from ingest.edge.readiness import Monitor, readiness
from ingest.edge.replies import Replies, read_replies
from ingest.edge.trouble_codes import codes
from tests.ingest.edge.test_published_bytes import read, segmented

SCENARIOS = ("no_codes_basic", "p0301_basic", "p0420_basic", "chunked_stream", "headers_off_echo_on", "malformed")


def exchanges(path: Path) -> Iterator[Replies]:
    """Give the replies of a scenario; a stream that is split into pieces is put together by the one who reads it."""
    for command in json.loads(path.read_text("utf-8"))["commands"]:
        if not command["request"].startswith("AT"):
            text = "".join(command["response_chunks"])
            lines = [command["request"]] if command["echo"] else []
            yield read_replies(bytes.fromhex(command["request"]), [*lines, *text.split("\r")])


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_s_summary_is_reached(shared: Path, name) -> None:
    path = shared / f"samples/{name}.scenario.json"
    expected = json.loads(path.read_text("utf-8"))["expected_scan_summary"]
    scan = list(exchanges(path))
    found: dict[int, list[str]] = {0x03: [], 0x07: [], 0x0A: []}
    none_stored = False
    for replies in scan:
        for answer in codes(replies).values():
            found.get(replies.request[0], []).extend(answer or ())
            none_stored |= replies.request == b"\x03" and answer == ()
    lamps = [it.mil for replies in scan for it in readiness(replies).values()]
    summary = {
        "live_value_count": sum(len(values(replies)) for replies in scan),
        "no_stored_codes_observation": none_stored,
        "stored_codes": found[0x03],
        "pending_codes": found[0x07],
        "permanent_codes": found[0x0A],
        "vin_reported": any(vin(replies) for replies in scan),
    }
    if lamps:
        summary["mil_reported_on"] = any(lamps)
    warnings = sum(len(replies.warnings) for replies in scan)
    least = expected.pop("min_session_warnings", 0)
    assert summary == expected
    assert (warnings >= least) if least else warnings == 0
    triggers = [code for replies in scan for code in trigger_codes(replies).values()]
    assert triggers == (expected["stored_codes"] if name.startswith("p0") else [])


def test_the_disconnecting_scenario_answers_what_it_can(shared: Path) -> None:
    scan = list(exchanges(shared / "samples/adapter_disconnect.scenario.json"))
    assert [len(it.payloads) for it in scan] == [0, 1, 1, 1, 0]
    assert 0x0C in supported_pids(scan[1])["7E8"]
    assert codes(scan[-1]) == {}


def test_readiness_of_spark_and_compression() -> None:
    (found,) = readiness(read("0101", "7E8 06 41 01 81 07 65 04")).values()
    assert (found.mil, found.dtc_count, found.ignition) == (True, 1, "spark")
    assert found.monitors["misfire"] == Monitor(supported=True, complete=True)
    assert {name for name, it in found.monitors.items() if not it.complete} == {"evaporative_system"}
    missing = {name for name, it in found.monitors.items() if not it.supported}
    assert missing == {"heated_catalyst", "secondary_air", "ac_refrigerant", "egr"}
    (found,) = readiness(read("0101", "7E8 06 41 01 02 7E C8 80")).values()
    assert (found.mil, found.dtc_count, found.ignition) == (False, 2, "compression")
    assert found.monitors["fuel_system"] == Monitor(supported=True, complete=False)
    assert found.monitors["egr"] == Monitor(supported=True, complete=False)
    assert found.monitors["boost_pressure"] == Monitor(supported=True, complete=True)
    assert "catalyst" not in found.monitors
    (cycle,) = readiness(read("0141", "7E8 06 41 41 00 07 65 04"), 0x41).values()
    assert (cycle.mil, cycle.dtc_count) == (None, None)
    assert cycle.document()["monitors"]["catalyst"] == {"supported": True, "complete": True}
    assert readiness(read("0101", "7E8 06 41 01 00 07 E5")) == {}


def test_a_freeze_frame_is_put_together() -> None:
    told = [
        read(request(0x02).hex(), "7E8 05 42 02 00 03 01", "7E9 05 42 02 00 00 00"),
        read(request(0x0C).hex(), "7E8 05 42 0C 00 1A F8", "7E9 05 42 0C 00 00 00"),
        read(request(0x05).hex(), "7E8 04 42 05 00 7B"),
        read(request(0x0D).hex(), "7E8 03 7F 02 12"),
    ]
    (frame,) = freeze_frames(told)
    assert isinstance(frame, FreezeFrame)
    assert frame.document() == {
        "frame": 0,
        "dtc": "P0301",
        "signals": {"engine_speed": 1726.0, "coolant_temperature": 83.0},
    }
    assert frame.values["engine_speed"].data == b"\x1a\xf8"


RESULTS = [  # data behind the MID, value, minimum, maximum, unit
    ("80 0A 0E 66 00 00 19 9A", 0.449692, 0, 0.799588, "V"),
    ("81 16 03 E8 01 90 FF FF", 60, 0, 6513.5, "degC"),
    ("81 96 FF 9C FF 38 00 64", -10, -20, 10, "degC"),
    ("0B 24 00 05 00 00 FF FF", 5, 0, 65535, "count"),
    ("82 8B FF FF 80 00 7F FF", -0.001, -32.768, 32.767, "V"),
    ("83 FE FF FC 00 00 00 08", -1, 0, 2, "Pa"),
    ("83 7E 00 01 00 00 FF FF", 1, 0, 65535, "raw"),
    ("83 C1 FF FF 00 00 FF FF", 65535, 0, 65535, "raw"),
]


def test_on_board_tests_have_units_signs_and_limits() -> None:
    payload = b"\x46" + b"".join(b"\x21" + bytes.fromhex(row[0]) for row in RESULTS)
    found = monitor_results(read("0621", *segmented(payload)))
    assert [(it.value, it.minimum, it.maximum, it.unit) for it in found] == [
        (pytest.approx(value), pytest.approx(low), pytest.approx(high), unit) for _, value, low, high, unit in RESULTS
    ]
    assert found[0].document() | {"value": 0} == {
        "mid": "21",
        "tid": "80",
        "uas": "0A",
        "value": 0,
        "minimum": 0,
        "maximum": pytest.approx(0.799588),
        "unit": "V",
    }
    assert all(it.data in payload for it in found)
    assert monitor_results(read("0621", *segmented(payload[:-1]))) == ()
    assert monitor_results(read("0622", *segmented(payload))) == ()
    assert supported_monitors(read("0600", "7E8 06 46 00 C0 00 00 01")) == {"7E8": {1, 2, 0x20}}


def test_the_tables_of_monitors() -> None:
    assert NAMES[0x05] == ("Oxygen sensor 2-1", "氧传感器2-1")
    assert NAMES[0xA2] == ("Misfire, cylinder 1", "失火（1缸）")
    assert {*range(0x01, 0x11), *range(0x21, 0x25), *range(0x31, 0x3E), *range(0x81, 0x85), *range(0xA1, 0xAE)} == set(
        NAMES
    )
    assert all(row.unit and row.scale > 0 for row in SCALINGS.values())


def test_what_mode_09_offers() -> None:
    assert supported_types(read("0900", "7E8 06 49 00 54 00 00 00")) == {"7E8": {2, 4, 6}}
    assert supported_types(read("0900", "49 00 01 54 00 00 00")) == {"unknown": {2, 4, 6}}
