"""Every request and reply of the reference's tables of defects, with the answer that is right."""

import pytest

from ingest.edge.decoding import values
from ingest.edge.freeze_frame import trigger_codes
from ingest.edge.freeze_frame import values as frozen
from ingest.edge.identification import calibration_ids, calibration_numbers, vin
from ingest.edge.lines import Notice
from ingest.edge.replies import Negative, Replies, read_replies
from ingest.edge.trouble_codes import cleared, codes


def read(request: str, *lines: str) -> Replies:
    return read_replies(bytes.fromhex(request), lines)


def told(replies: Replies) -> dict[str, float]:
    return {f"{it.ecu} {it.signal}": round(it.value, 6) for it in (*values(replies), *frozen(replies))}


LIVE = [  # request, lines, values, negatives, warnings
    ("010C", ["7E8 03 7F 01 12"], {}, [("7E8", 1, 0x12)], 0),
    ("010D", ["7E8 03 7F 01 12"], {}, [("7E8", 1, 0x12)], 0),
    ("0105", ["7E8 03 7F 01 31"], {}, [("7E8", 1, 0x31)], 0),
    ("010C", ["7E8 03 41 0D 32"], {}, [], 1),
    ("010D", ["7E8 03 41 0D 32"], {"7E8 vehicle_speed": 50}, [], 0),
    (
        "010C",
        ["7E8 04 41 0C 1A F8", "7E9 04 41 0C 00 00"],
        {"7E8 engine_speed": 1726, "7E9 engine_speed": 0},
        [],
        0,
    ),
    ("010C", ["7E8 04 41 0C 1A F8", "BUFFER FULL"], {"7E8 engine_speed": 1726}, [], 1),
    ("010C", ["CAN ERROR"], {}, [], 0),
    ("020C00", ["7E8 05 42 0C 00 1A F8"], {"7E8 engine_speed": 1726}, [], 0),
    ("020D00", ["7E8 04 42 0D 00 32"], {"7E8 vehicle_speed": 50}, [], 0),
    ("020C00", ["7E8 03 7F 02 12"], {}, [("7E8", 2, 0x12)], 0),
    ("020C01", ["7E8 05 42 0C 00 1A F8"], {}, [], 1),
    ("0132", ["7E8 04 41 32 FF FF"], {"7E8 evap_vapor_pressure": -0.25}, [], 0),
    ("0154", ["7E8 04 41 54 00 00"], {"7E8 evap_vapor_pressure_alternate": 0}, [], 0),
    ("0154", ["7E8 04 41 54 80 01"], {"7E8 evap_vapor_pressure_alternate": -32767}, [], 0),
    (
        "0124",
        ["7E8 06 41 24 80 00 40 00"],
        {"7E8 oxygen_sensor_b1s1_lambda": 1, "7E8 oxygen_sensor_b1s1_wide_voltage": 2},
        [],
        0,
    ),
    (
        "0134",
        ["7E8 06 41 34 80 00 7F 00"],
        {"7E8 oxygen_sensor_b1s1_lambda": 1, "7E8 oxygen_sensor_b1s1_current": -1},
        [],
        0,
    ),
    ("0115", ["7E8 04 41 15 07 FF"], {"7E8 oxygen_sensor_b1s2_voltage": 0.035}, [], 0),  # FF: takes no part in trimming
    (
        "0115",
        ["7E8 04 41 15 07 80"],
        {"7E8 oxygen_sensor_b1s2_voltage": 0.035, "7E8 oxygen_sensor_b1s2_trim": 0},
        [],
        0,
    ),
    ("015E", ["7E8 04 41 5E FA FF"], {"7E8 fuel_rate": 3212.75}, [], 0),
    ("015E", ["7E8 04 41 5E FF FF"], {}, [], 0),  # above the valid range: not available
    ("01A6", ["7E8 06 41 A6 00 06 68 A0"], {"7E8 odometer": 42000}, [], 0),
]


@pytest.mark.parametrize(("request_", "lines", "right", "negatives", "warnings"), LIVE)
def test_values_and_refusals(request_, lines, right, negatives, warnings) -> None:
    replies = read(request_, *lines)
    assert told(replies) == right
    assert replies.negatives == tuple(Negative(*it) for it in negatives)
    assert len(replies.warnings) == warnings


CODES = [  # request, lines, codes per ECU
    ("03", ["7E8 03 7F 03 11"], {"7E8": None}),
    ("03", ["NO DATA"], {}),
    ("03", ["7E8 03 7F 03 78", "7E8 06 43 02 01 43 01 96"], {"7E8": ("P0143", "P0196")}),
    ("03", ["7E8 03 7F 03 78"], {"7E8": None}),
    (
        "03",
        ["7E8 06 43 02 01 43 01 96", "7E9 04 43 01 07 00"],
        {"7E8": ("P0143", "P0196"), "7E9": ("P0700",)},
    ),
    (
        "03",
        ["7E8 10 0A 43 04 C1 00 92 34", "7E8 21 52 01 34 01 00 00 00"],
        {"7E8": ("U0100", "B1234", "C1201", "P3401")},
    ),
    ("03", ["7E8 04 43 01 03 01"], {"7E8": ("P0301",)}),
    ("03", ["7E8 02 43 00"], {"7E8": ()}),
    ("07", ["7E8 02 47 00"], {"7E8": ()}),
    ("0A", ["7E8 02 4A 00"], {"7E8": ()}),
    ("03", ["43 ZZ"], {}),
    ("07", ["47 0"], {}),
    ("0A", ["7E8 03 4A 01 04"], {"7E8": None}),
    ("03", ["CAN ERROR"], {}),
    ("03", ["7E8 05 43 01 43 01 96"], {"7E8": None}),  # no count byte: wrong codes elsewhere
    ("03", ["7E8 07 43 01 43 01 96 00 00"], {"7E8": None}),  # nor here, though it looks like the K-line's
    ("03", ["7E8 10 0A 43 04 C1 00 92 34", "BUFFER FULL"], {"7E8": None}),
    ("03", ["48 6B 10 43 01 43 01 96 00 00 E1"], {"10": ("P0143", "P0196")}),
    ("03", ["48 6B 10 43 00 00 00 00 00 00 06"], {"10": ()}),
    ("03", ["48 6B 10 43 01 43 01 96 02 34 17", "48 6B 10 43 03 01 00 00 00 00 0A"], None),
    ("03", ["43 00 00 00 00 00 00"], {"unknown": ()}),
    ("03", ["43 01 03 01"], {"unknown": ("P0301",)}),
    ("03", ["7E8 04 43 01 03 01", "7E9 03 7F 03 11"], {"7E8": ("P0301",), "7E9": None}),
    ("03", ["7E8 04 43 01 03 0X"], {"7E8": None}),
    ("03", ["7E8 02 47 00"], {"7E8": None}),  # the answer to another question
]


@pytest.mark.parametrize(("request_", "lines", "right"), CODES)
def test_codes_have_three_states(request_, lines, right) -> None:
    right = {"10": ("P0143", "P0196", "P0234", "P0301")} if right is None else right
    assert codes(read(request_, *lines)) == right


def test_pending_ends_with_the_answer_or_the_refusal() -> None:
    assert read("03", "7E8 03 7F 03 78").pending == {"7E8"}
    assert read("03", "7E8 03 7F 03 78", "7E9 02 43 00").pending == {"7E8"}
    assert read("03", "7E8 03 7F 03 78", "7E8 02 43 00").pending == frozenset()
    assert read("03", "7E8 03 7F 03 78", "7E8 03 7F 03 22").negatives == (Negative("7E8", 3, 0x22),)
    assert read("03", "7E8 03 7F 03 78").negatives == ()


CLEARED = [
    (["7E8 01 44"], {"7E8": "cleared"}),
    (["7E8 03 7F 04 22"], {"7E8": "refused 22"}),
    (["7E8 03 7F 04 78"], {}),
    (["7E8 03 7F 04 78", "7E8 01 44"], {"7E8": "cleared"}),
    (["7E8 01 44", "7E9 03 7F 04 22"], {"7E8": "cleared", "7E9": "refused 22"}),
    (["44"], {"unknown": "cleared"}),
    (["NO DATA"], {}),
    (["OK"], {}),
    (["7E8 02 43 00"], {}),
]


@pytest.mark.parametrize(("lines", "right"), CLEARED)
def test_cleared_is_what_a_44_says(lines, right) -> None:
    assert cleared(read("04", *lines)) == right


TRIGGERS = [
    ("7E8 05 42 02 00 01 43", "P0143"),
    ("7E8 05 42 02 00 03 01 00", "P0301"),  # a pad byte behind the length
    ("7E8 05 42 02 00 04 20", "P0420"),
    ("7E8 05 42 02 00 00 00", None),
]


@pytest.mark.parametrize(("line", "code"), TRIGGERS)
def test_the_code_that_stored_the_frame(line, code) -> None:
    assert trigger_codes(read("020200", line)) == {"7E8": code}


VINS = ["1HGCM82633A004352", "LSVAA49J132047371", "2T1BURHE0JC034340", "LFV3A23C0J3000012", "WVWZZZ1JZXW000000"]


def segmented(payload: bytes, header: str = "7E8 ") -> list[str]:
    """Print a payload of up to 4095 bytes as its ISO-TP frames; the last one is padded."""
    first = [f"{header}1{len(payload) >> 8:X} {len(payload) & 0xFF:02X} {payload[:6].hex(' ').upper()}"]
    rest = [payload[at : at + 7].ljust(7, b"\x00") for at in range(6, len(payload), 7)]
    return first + [f"{header}2{(n + 1) % 16:X} {it.hex(' ').upper()}" for n, it in enumerate(rest)]


@pytest.mark.parametrize("text", VINS)
def test_vin_is_whole(text) -> None:
    assert vin(read("0902", *segmented(b"\x49\x02\x01" + text.encode()))) == text


def test_vin_in_the_printed_styles() -> None:
    told = "7E8 10 14 49 02 01 31 48 47", "7E8 21 43 4D 38 32 36 33 33", "7E8 22 41 30 30 34 33 35 32"
    assert vin(read("0902", *told)) == "1HGCM82633A004352"
    told = "7E8 10 14 49 02 01 31 43 34", "7E8 21 52 4A 46 42 47 38 46", "7E8 22 43 31 32 33 34 35 36"
    assert vin(read("0902", *told)) == "1C4RJFBG8FC123456"
    told = "014", "0: 49 02 01 31 43 34", "1: 52 4A 46 42 47 38 46", "2: 43 31 32 33 34 35 36"
    assert vin(read("0902", *told)) == "1C4RJFBG8FC123456"


@pytest.mark.parametrize("data", [b"1HGCM82633A00435", b"", b"1HGCM82633A0043521", b"1HGCM82633\xffA004352"[:17]])
def test_a_vin_that_is_none_is_unknown(data) -> None:
    assert vin(read("0902", *segmented(b"\x49\x02\x01" + data.rjust(5, b"\x00")))) is None


def test_calibrations_are_16_and_4_bytes_each() -> None:
    ids = bytes.fromhex("333132 4A36303030") + bytes(8) + bytes.fromhex("41343730 31303030") + bytes(8)
    assert calibration_ids(read("0904", *segmented(b"\x49\x04\x02" + ids))) == {"7E8": ("312J6000", "A4701000")}
    numbers = bytes.fromhex("490602 6953CD4B 611F6EF2")
    assert calibration_numbers(read("0906", *segmented(numbers))) == {"7E8": ("6953CD4B", "611F6EF2")}
    assert calibration_numbers(read("0906", *segmented(numbers[:2] + b"\x03" + numbers[3:]))) == {"7E8": None}


def test_what_the_adapter_says_is_a_fact_of_its_own() -> None:
    for notice in Notice:
        text = {"ERR": "ERR94", "ELM327": "ELM327 v1.5", "BUS INIT: ERROR": "BUS INIT: ...ERROR"}.get(notice, notice)
        replies = read("010C", text)
        assert replies.notices == (notice,), text
        assert replies.payloads == ()
