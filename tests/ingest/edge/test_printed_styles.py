"""The styles in which adapters print: headers, spaces, buses, echo, progress, several units, broken segments."""

import time

import pytest

from ingest.edge.decoding import engine_ecu, supported_pids, values
from ingest.edge.identification import calibration_ids, vin
from ingest.edge.lines import crc8
from ingest.edge.replies import read_replies
from ingest.edge.trouble_codes import codes
from tests.ingest.edge.test_published_bytes import read, segmented

RPM = bytes.fromhex("410C1AF8")


def summed(text: str) -> str:
    return f"{text} {sum(bytes.fromhex(text)) & 0xFF:02X}"


def crced(text: str) -> str:
    return f"{text} {crc8(bytes.fromhex(text)):02X}"


STYLES = [
    ("7E8 04 41 0C 1A F8", "7E8"),
    ("7E804410C1AF8", "7E8"),
    ("7E8 04410C1AF8", "7E8"),
    ("7e8 04 41 0c 1a f8 ", "7E8"),
    ("7E8 04 41 0C 1A F8 AA AA AA", "7E8"),
    ("7EF 04 41 0C 1A F8", "7EF"),
    ("18 DA F1 10 04 41 0C 1A F8", "18DAF110"),
    ("18DAF110 04 41 0C 1A F8", "18DAF110"),
    ("18DAF1100441 0C 1A F8", "18DAF110"),
    ("18DAF11004410C1AF8", "18DAF110"),
    ("41 0C 1A F8", "unknown"),
    ("410C1AF8", "unknown"),
    ("41 0C 1A F8 00 00 00", "unknown"),
    (summed("48 6B 10 41 0C 1A F8"), "10"),
    (crced("48 6B 10 41 0C 1A F8"), "10"),
    (crced("41 6B 10 41 0C 1A F8"), "10"),
    (summed("84 F1 11 41 0C 1A F8"), "11"),
    (summed("C4 F1 11 41 0C 1A F8").replace(" ", ""), "11"),
    (summed("80 F1 11 04 41 0C 1A F8"), "11"),
    ("SEARCHING...7E8 04 41 0C 1A F8", "7E8"),
    ("SEARCHING...41 0C 1A F8", "unknown"),
    ("BUS INIT: OK41 0C 1A F8", "unknown"),
    (">7E8 04 41 0C 1A F8", "7E8"),
    ("\x007E8 04 41\x00 0C 1A F8\x00", "7E8"),
    ("7E8 04 41 0C 1A F8\r", "7E8"),
    ("010C\r7E8 04 41 0C 1A F8\r\r>", "7E8"),
]
NOISE = ["010C", "01 0C", "010C1", "SEARCHING...", "BUS INIT: ...OK", "BUS INIT: OK", "", ">", "\x00", "\r\n"]


@pytest.mark.parametrize(("line", "ecu"), STYLES)
def test_one_value_in_every_style(line, ecu) -> None:
    for lines in ([line], [*NOISE, line, *NOISE]):
        replies = read("010C", *lines)
        assert [(it.value, it.ecu, it.data) for it in values(replies)] == [(1726, ecu, b"\x1a\xf8")]
        assert len(replies.warnings) == (line.endswith("F8 00 00 00"))


@pytest.mark.parametrize(
    "line",
    [
        "7E8 04 41 0C 1A",
        "7E8 04 41 0C 1A F",
        "7E8 05 41 0C 1A F8",
        "7E8 03 41 0C 1A F8",
        "7E8 00 41 0C 1A F8",
        "7E8 05 41 0C 1A F8 01",
        "7E0 04 41 0C 1A F8",
        "7E8 04 41 0C 1A F8 00 00 00 00",
        "7E8 04 41 0C 1A F8 <DATA ERROR",
        "7E8 04 41 0C 1A F8 <RX ERROR",
        "7E8 04 41 0C 1A FX",
        "18 DA 10 F1 04 41 0C 1A F8",
        "48 6B 10 41 0C 1A F8 00",
        "84 F1 10 41 0C 1A F8 00",
        "85 F1 10 41 0C 1A F8 E5",
        "41 0C 1A",
        "41 0C 1A F8 01",
        "0C 1A F8",
        "81 0C 1A F8",
        "4 1 0 C 1 A F 8",
        "7E8 30 00 00",
        "7E8",
        "7E8 ",
        "OK",
        "GARBAGE@@",
        "４1 0C 1A F8",
    ],
)
def test_a_broken_line_gives_no_value_and_is_quoted(line) -> None:
    replies = read("010C", line)
    assert values(replies) == ()
    assert len(replies.warnings) == 1
    assert repr(line) in replies.warnings[0]


def test_several_pids_in_one_request() -> None:
    both = {"engine_speed": 1726.0, "vehicle_speed": 50.0}
    for lines in (["7E8 06 41 0C 1A F8 0D 32"], ["7E8 04 41 0C 1A F8", "7E8 03 41 0D 32"], ["41 0D 32 0C 1A F8"]):
        replies = read("010C0D", *lines)
        assert {it.signal: it.value for it in values(replies)} == both
        assert replies.warnings == ()
    long = segmented(bytes.fromhex("41 0C1AF8 0D32 057B 043F 1121 0F37"))
    assert len(values(read("010C0D0504110F", *long))) == 6
    for bad in ("7E8 06 41 0C 1A F8 0E 32", "7E8 05 41 0C 1A F8 0D", "7E8 03 41 05 7B"):
        assert values(read("010C0D", bad)) == ()


def test_several_units_without_headers_are_unknown_and_doubted() -> None:
    replies = read("010C", "41 0C 1A F8", "41 0C 00 00")
    assert [(it.ecu, it.value) for it in values(replies)] == [("unknown", 1726), ("unknown", 0)]
    assert len(replies.warnings) == 1


def test_units_whose_segments_interleave() -> None:
    one, two = (segmented(b"\x49\x02\x01" + it, head) for it, head in ((b"1" * 17, "7E8 "), (b"2" * 17, "7E9 ")))
    lines = [line for pair in zip(one, two, strict=True) for line in pair]
    replies = read("0902", *lines)
    assert {it.ecu: it.data[3:] for it in replies.payloads} == {"7E8": b"1" * 17, "7E9": b"2" * 17}
    numbered = [line[4:] for line in lines]
    numbered = [f"{line[1]}: {line[3:]}" if line[0] == "2" else f"0: {line[6:]}" for line in numbered]
    mixed = read("0902", "014", numbered[0], "014", *numbered[1:])
    assert mixed.payloads == ()
    assert mixed.warnings


@pytest.mark.parametrize("order", ["021", "01", "02", "0112", "0012", "12", "0102", "0122", "10", "0"])
def test_segments_out_of_order_give_no_value(order) -> None:
    whole = segmented(b"\x49\x02\x01" + b"1HGCM82633A004352")
    for lines in (
        [whole[int(it)] for it in order],
        ["014", *(f"{it}: {whole[int(it)].split(' ', 3 if it == '0' else 2)[-1]}" for it in order)],
    ):
        replies = read("0902", *lines)
        assert replies.payloads == ()
        assert len(replies.warnings) == 1
        assert replies.unusable


def test_a_damaged_segment_is_not_made_good_by_another_message() -> None:
    lines = ["7E8 10 0B 41 78 0F 0F A0 10", "7E8 21 00 11 00 12 00 00 0?", "7E8 21 05 7B 04 3F 00 00 00"]
    assert values(read("0178", *lines)) == ()
    assert len(values(read("0178", lines[0], "GARBAGE@@", *lines[2:]))) == 4
    numbered = ["00B", "0: 41 78 0F 0F A0 10", "1: 00 11 00 12 00 00 0?", "1: 05 7B 04 3F 00 00 00"]
    assert values(read("0178", *numbered)) == ()


def test_a_long_message_counts_past_fifteen() -> None:
    data = b"\x49\x04\x08" + b"".join(f"CALIBRATION-{n:02}".encode().ljust(16, b"\x00") for n in range(8))
    right = tuple(f"CALIBRATION-{n:02}" for n in range(8))
    assert calibration_ids(read("0904", *segmented(data))) == {"7E8": right}
    told = [f"{n % 16:X}: {it}" for n, it in enumerate([data[:6].hex(" "), *(d.hex(" ") for d in cut(data))])]
    assert calibration_ids(read("0904", f"{len(data):03X}", *told)) == {"unknown": right}


def cut(data: bytes) -> list[bytes]:
    return [data[at : at + 7].ljust(7, b"\xaa") for at in range(6, len(data), 7)]


def test_vin_on_the_k_line_and_j1850() -> None:
    data = bytes(3) + b"1HGCM82633A004352"
    lines = [f"49 02 {n + 1:02X} {data[4 * n : 4 * n + 4].hex(' ')}" for n in range(5)]
    assert vin(read("0902", *lines)) == "1HGCM82633A004352"
    assert vin(read("0902", *(summed(f"48 6B 10 {line}") for line in lines))) == "1HGCM82633A004352"
    assert vin(read("0902", *(summed(f"87 F1 10 {line}") for line in lines))) == "1HGCM82633A004352"
    for broken in (lines[:4], lines[1:], [*lines[:2], lines[3], lines[2], lines[4]], [*lines, lines[4]]):
        assert vin(read("0902", *broken)) is None


def test_a_reply_for_pid_6b_is_no_header() -> None:
    assert read("016B", "41 6B 10 41 0C 1A F8").payloads[0].data == bytes.fromhex("416B10410C1AF8")


def test_cut_and_stopped_keep_what_came_whole() -> None:
    for text in ("STOPPED", "BUFFER FULL"):
        replies = read("010C", "7E8 04 41 0C 1A F8", "7E9 04 41 0C 0", text)
        assert [it.value for it in values(replies)] == [1726]
        assert replies.cut
        assert len(replies.warnings) == 2
    assert [it.value for it in values(read("010C", "7E8 04 41 0C 1A F8 STOPPED"))] == [1726]
    assert values(read("010C", "7E8 04 41 0C 1ASTOPPED")) == ()


def test_support_and_the_engines_unit() -> None:
    supported = supported_pids(read("0100", "7E8 06 41 00 80 18 00 01", "7E9 06 41 00 00 10 00 00"))
    assert supported == {"7E8": {0x01, 0x0C, 0x0D, 0x20}, "7E9": {0x0C}}
    assert engine_ecu(supported, 0x0C) == "7E8"
    assert engine_ecu({"7E9": {5}, "7EA": {5}, "7E8": {12}}, 5) == "7E9"
    assert engine_ecu({"28": {5}, "10": {5}}, 5) == "10"
    assert engine_ecu(supported, 0x05) is None
    assert supported_pids(read("01A0", "7E8 06 41 A0 04 00 00 00")) == {"7E8": {0xA6}}


def test_support_bits_hide_fields_that_are_not_there() -> None:
    replies = read("0166", "7E8 07 41 66 01 01 40 FF FF")
    assert [(it.signal, it.value) for it in values(replies)] == [("mass_air_flow_a", 10)]
    replies = read("0167", "7E8 05 41 67 02 7B 50")
    assert [(it.signal, it.value) for it in values(replies)] == [("coolant_temperature_2", 40)]
    assert [it.value for it in values(read("01A4", "7E8 06 41 A4 02 00 0B B8"))] == [3]
    assert [it.signal for it in values(read("0155", "7E8 03 41 55 80"))] == ["short_term_o2_trim_1"]


def test_an_ecu_of_which_a_line_was_lost_is_not_free_of_codes() -> None:
    assert codes(read("03", "7E8 02 43 00", "7E8 04 43 01 03")) == {"7E8": None}
    assert codes(read("03", "7E8 04 43 01 03 01", "7E8 04 43 01 03")) == {"7E8": ("P0301",)}


def test_a_plain_reply_is_read_in_tens_of_microseconds() -> None:
    request, lines = bytes.fromhex("010C"), ["7E8 04 41 0C 1A F8"]
    began = time.perf_counter()
    for _ in range(2000):
        values(read_replies(request, lines))
    assert (time.perf_counter() - began) / 2000 < 500e-6  # ten times what it takes on a busy machine
