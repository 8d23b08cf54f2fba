"""The adapter's dialogue byte by byte, and its bad habits; no sockets here."""

import random

import pytest

from simulators.ecu import Car, Ecu, Manners
from simulators.elm327 import Elm327, Piece, Quirks
from simulators.played_trip import PlayedTrip
from tests.simulators.elm_car import Terminal, car_of, driving, trip_of

VIN_LINES = ["7E8 10 14 49 02 01 31 48 47", "7E8 21 43 4D 38 32 36 33 33", "7E8 22 41 30 30 34 33 35 32"]


def test_a_plain_terminal_sees_echo_carriage_returns_and_the_prompt() -> None:
    elm = Elm327(car_of())
    dialogue = [
        (b"ATZ\r", b"ATZ\r\r\rELM327 v1.5\r\r>"),
        (b"AT", b"AT"),
        (b"I\r\n", b"I\rELM327 v1.5\r\r>"),
        (b"01 0c\r", b"01 0c\rSEARCHING...\r41 0C 1A F8\r\r>"),
        (b"\r", b"\r41 0C 1A F8\r\r>"),
        (b"atl1\r", b"atl1\rOK\r\n\r\n>"),
        (b"010D\r", b"010D\r\n41 0D 32\r\n\r\n>"),
        (b"ATE0\r", b"ATE0\r\nOK\r\n\r\n>"),
        (b"010D\rATRV\r", b"41 0D 32\r\n\r\n>14.1V\r\n\r\n>"),
        (b"\x7f\x7f\r", b"?\r\n\r\n>"),
    ]
    for typed, seen in dialogue:
        assert b"".join(piece.data for piece in elm.feed(typed)) == seen


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("AT @1", "OBDII to RS232 Interpreter"),
        ("ATRV", "14.1V"),
        ("AT DP", "AUTO, ISO 15765-4 (CAN 11/500)"),
        ("ATDPN", "A6"),
        ("ATIGN", "ON"),
        ("ATAT1", "OK"),
        ("ATST FF", "OK"),
        ("ATSH 7E0", "OK"),
        ("ATCFC1", "OK"),
        ("ATAL", "OK"),
        ("ATM0", "OK"),
        ("ATD", "OK"),
        ("ATPC", "OK"),
        ("ATXYZ", "?"),
        ("ATSP Z", "?"),
        ("HELLO", "?"),
        ("01 0C 0D 05 04 0B 0F 10", "?"),
        ("0", "?"),
    ],
)
def test_a_command_has_one_line_for_an_answer(command: str, reply: str) -> None:
    terminal = Terminal(car_of(), None, "0100")
    assert terminal.lines(command) == [reply]


@pytest.mark.parametrize(
    ("before", "request_", "told"),
    [
        ("ATH1", "010C", ["7E8 04 41 0C 1A F8"]),
        ("ATH0", "010C", ["41 0C 1A F8"]),
        ("ATH1 ATS0", "010C", ["7E804410C1AF8"]),
        ("ATS0", "010C", ["410C1AF8"]),
        ("ATH1", "010D", ["7E8 03 41 0D 32", "7E9 03 41 0D 32"]),
        ("ATH1", "010D1", ["7E8 03 41 0D 32"]),
        ("ATH1", "03", ["7E8 06 43 02 01 43 01 96", "7E9 04 43 01 07 00"]),
        ("ATH1", "020C00", ["7E8 05 42 0C 00 1A F8", "7E9 05 42 0C 00 1A F8"]),
        ("ATH1", "0902", VIN_LINES),
        ("ATH1", "09022", VIN_LINES[:2]),
        ("ATH0", "0902", ["014", "0: 49 02 01 31 48 47", "1: 43 4D 38 32 36 33 33", "2: 41 30 30 34 33 35 32"]),
        ("ATS0", "0902", ["014", "0:490201314847", "1:434D3832363333", "2:41303034333532"]),
        ("ATH1 ATSH7E1", "010D", ["7E9 03 41 0D 32"]),
        ("ATH1 ATSH7DF", "010D", ["7E8 03 41 0D 32", "7E9 03 41 0D 32"]),
        ("ATH1 ATSH7E2", "010D", ["NO DATA"]),
        ("ATH1 ATCRA7E9", "010D", ["7E9 03 41 0D 32"]),
        ("ATH1 ATCRA7EX", "010D", ["7E8 03 41 0D 32", "7E9 03 41 0D 32"]),
        ("ATH1 ATCRA7E9 ATAR", "010D1", ["7E8 03 41 0D 32"]),
        ("ATH1 ATCF7E9 ATCM7FF", "010D", ["7E9 03 41 0D 32"]),
        ("ATCAF0 ATH1", "02010C", ["7E8 04 41 0C 1A F8"]),
        ("ATCAF0", "02010C", ["04 41 0C 1A F8"]),
        ("ATH1", "010B", ["NO DATA"]),
        ("ATH1", "0105", ["7E8 03 41 05 7B"]),
        ("ATH1", "010C0D05", ["7E8 10 08 41 0C 1A F8 0D 32", "7E9 03 41 0D 32", "7E8 21 05 7B 00 00 00 00 00"]),
    ],
)
def test_lines_follow_the_settings(before: str, request_: str, told: list[str]) -> None:
    car = car_of(ecus=2)
    car.ecus[0].set_codes(stored=["P0143", "P0196"])
    car.ecus[1].set_codes(stored=["P0700"])
    assert Terminal(car, None, "0100", *before.split()).lines(request_) == told


def test_many_codes_and_padding_as_published() -> None:
    """Case 12: four codes in two frames, zeros behind."""
    car = car_of()
    car.ecus[0].set_codes(stored=["U0100", "B1234", "C1201", "P3401"])
    terminal = Terminal(car, Quirks(pad_single=True), "0100", "ATH1")
    assert terminal.lines("03") == ["7E8 10 0A 43 04 C1 00 92 34", "7E8 21 52 01 34 01 00 00 00"]
    assert terminal.lines("010C") == ["7E8 04 41 0C 1A F8 00 00 00"]
    assert Terminal(car, Quirks(padding=0xAA), "0100", "ATH1").lines("03")[1] == "7E8 21 52 01 34 01 AA AA AA"


@pytest.mark.parametrize(
    ("protocol", "told", "header", "alone"),
    [
        ("7", ["18 DA F1 10 03 41 0D 32", "18 DA F1 18 03 41 0D 32"], "DA18F1", "18 DA F1 18 03 41 0D 32"),
        ("9", ["18 DA F1 10 03 41 0D 32", "18 DA F1 18 03 41 0D 32"], "18DA10F1", "18 DA F1 10 03 41 0D 32"),
        ("8", ["7E8 03 41 0D 32", "7E9 03 41 0D 32"], "7E1", "7E9 03 41 0D 32"),
        ("3", ["48 6B 10 41 0D 32 43", "48 6B 18 41 0D 32 4B"], "6818F1", "48 6B 18 41 0D 32 4B"),
        ("5", ["83 F1 10 41 0D 32 04", "83 F1 18 41 0D 32 0C"], "8110F1", "83 F1 10 41 0D 32 04"),
    ],
)
def test_other_buses_have_other_headers(protocol: str, told: list[str], header: str, alone: str) -> None:
    terminal = Terminal(car_of(ecus=2, protocol=protocol), None, "ATH1")
    assert terminal.lines("010D") == ["SEARCHING...", *told]
    assert terminal.lines("ATDPN") == [f"A{protocol}"]
    terminal(f"ATSH{header}")
    assert terminal.lines("010D") == [alone]


def test_a_k_line_has_numbered_messages_and_no_counts() -> None:
    car = car_of(protocol="3")
    car.ecus[0].set_codes(stored=["P0143", "P0196", "P0234", "P0357"])
    terminal = Terminal(car, None, "ATSP3")
    assert terminal.lines("03") == ["BUS INIT: ...OK", "43 01 43 01 96 02 34", "43 03 57 00 00 00 00"]
    assert terminal.lines("07") == ["47 00 00 00 00 00 00"]
    assert terminal.lines("0902") == ["49 02 01 00 00 00 31", "49 02 02 48 47 43 4D", "49 02 03 38 32 36 33",
                                      "49 02 04 33 41 30 30", "49 02 05 34 33 35 32"]  # fmt: skip
    assert terminal.lines("0906") == ["49 06 01 69 53 CD 4B", "49 06 02 61 1F 6E F2"]
    assert terminal.lines("0900") == ["49 00 01 54 40 00 00"]
    assert terminal.lines("0621") == ["NO DATA"]


@pytest.mark.parametrize(
    ("car", "chosen", "told"),
    [("6", "6", "41 0D 32"), ("6", "7", "NO DATA"), ("6", "8", "CAN ERROR"), ("6", "3", "BUS INIT: ...ERROR"),
     ("6", "1", "NO DATA"), ("3", "6", "CAN ERROR"), ("9", "8", "NO DATA")],
)  # fmt: skip
def test_a_chosen_protocol_is_right_or_wrong(car: str, chosen: str, told: str) -> None:
    assert Terminal(car_of(protocol=car), None, f"ATTP{chosen}").lines("010D") == [told]


def test_searching_after_each_reset_unless_the_protocol_was_chosen() -> None:
    terminal = Terminal(car_of())
    for before, told in [
        ("ATZ", ["SEARCHING...", "41 0D 32"]),
        ("ATPC", ["SEARCHING...", "41 0D 32"]),
        ("ATE0", ["41 0D 32"]),
        ("ATSP0", ["SEARCHING...", "41 0D 32"]),
        ("ATSP6", ["41 0D 32"]),
        ("ATWS", ["41 0D 32"]),
        ("ATSPA6", ["SEARCHING...", "41 0D 32"]),
    ]:
        terminal(before)
        terminal("ATE0")
        assert terminal.lines("010D") == told, before


def test_a_parked_car_does_not_answer() -> None:
    now = [0.0]
    terminal = Terminal(Car([Ecu(PlayedTrip(trip_of({"vehicle_speed": [1, 2]}), monotonic=lambda: now[0]))]), None)
    assert terminal.lines("010D") == ["SEARCHING...", "41 0D 01"]
    now[0] = 5.0
    assert terminal.lines("010D") == ["NO DATA"]
    assert terminal.lines("ATRV") == ["12.5V"]
    terminal("ATSP0")
    assert terminal.lines("0100") == ["SEARCHING...", "UNABLE TO CONNECT"]
    assert terminal.lines("ATDPN") == ["A0"]


def test_low_power_ends_with_the_next_character() -> None:
    terminal = Terminal(car_of())
    assert terminal.lines("ATLP") == ["OK"]
    assert terminal(" ") == "\r\rELM327 v1.5\r\r>\r?\r\r>"


@pytest.mark.parametrize(
    ("quirks", "typed", "told"),
    [
        (Quirks(ignores_echo_off=True), "010D", "010D\r7E8 03 41 0D 32\r\r>"),
        (Quirks(ignores_headers=True), "010D", "41 0D 32\r\r>"),
        (Quirks(no_voltage=True), "ATRV", "?\r\r>"),
        (Quirks(error_every=2), "010D", "CAN ERROR\r\r>"),
        (Quirks(garble_every=2), "010D", "7E8 03 @@\r\r>"),
        (Quirks(buffer_bytes=8), "010D", "7E8 03 4\rBUFFER FULL\r\r>"),
        (Quirks(stall_on=2), "010D", ""),
    ],
)
def test_an_adapter_has_its_quirks(quirks: Quirks, typed: str, told: str) -> None:
    terminal = Terminal(car_of(), quirks, "ATH1", "0100")
    assert terminal(typed) == told


def test_a_stalled_adapter_answers_the_next_request() -> None:
    terminal = Terminal(car_of(), Quirks(stall_on=1))
    assert [terminal("0100"), terminal("010D")] == ["", "SEARCHING...\r41 0D 32\r\r>"]


def test_a_dying_adapter_closes_instead_of_answering() -> None:
    elm = Elm327(car_of(), Quirks(die_after=2, die_on="03"))
    closing = [[piece.closes for piece in elm.feed(typed)][-1] for typed in (b"0100\r", b"010C\r", b"010C\r", b"03\r")]
    assert closing == [False, True, False, True]


def test_pieces_and_pauses() -> None:
    slow = Elm327(car_of(manners=Manners(pending_on="03", pending_ms=300)), Quirks(slow_ms=20))
    list(slow.feed(b"ATE0\r0100\r"))
    assert [(round(it.after_s, 3), it.data) for it in slow.feed(b"03\r")] == [
        (0.02, b"7F 03 78\r"), (0.3, b"43 00\r"), (0.0, b"\r>")]  # fmt: skip
    waiting = Elm327(car_of(), Quirks(waits=True))
    list(waiting.feed(b"ATE0\rATST19\r0100\r"))
    assert [it.after_s for it in waiting.feed(b"010D\r")] == [0.0, 0.1]
    assert [it.after_s for it in waiting.feed(b"010D1\r")] == [0.0, 0.0]
    chunked = Elm327(car_of(), Quirks(chunk_bytes=7))
    list(chunked.feed(b"ATE0\r0100\r"))
    assert [it.data for it in chunked.feed(b"010C\r")] == [b"41 0C 1", b"A F8\r", b"\r>"]


def test_a_character_during_a_reply_stops_it() -> None:
    elm = Elm327(car_of(), Quirks(slow_ms=50))
    list(elm.feed(b"ATE0\r0100\r"))
    pieces = elm.feed(b"010D\r010C\r")
    assert list(pieces) == [Piece(b"STOPPED\r\r>")]
    assert elm.stopped() == b"STOPPED\r\r>"
    assert [it.data for it in elm.feed(b"010D\r\n")] == [b"41 0D 32\r", b"\r>"]


def test_a_half_typed_command_goes_with_its_tester() -> None:
    elm = Elm327(Car([Ecu(driving())]))
    list(elm.feed(b"ATE0\rgarb"))
    elm.hang_up()
    assert b"".join(it.data for it in elm.feed(b"ATI\r")) == b"ELM327 v1.5\r\r>"


def test_whatever_is_typed_a_reply_ends_with_the_prompt() -> None:
    rng = random.Random(327)
    settings = "Z E0 E1 L1 H1 S0 SP0 SP6 SPA3 TP7 DPN ST00 CAF0 CAF1 LP D PC SH7E0 SHDA10F1 CRA7E8 CRAXX AR CF7E8 CMF00"
    for protocol in "3579":
        car = car_of(ecus=2, protocol=protocol, manners=Manners(pending_on="03"))
        car.ecus[0].set_codes(stored=["P0143"] * 40)
        elm = Elm327(car, Quirks(chunk_bytes=5, garble_every=3, buffer_bytes=60, error_every=11))
        for _ in range(3000):
            digits = "".join(rng.choices("0123456789ABCDEF", k=rng.randint(1, 17)))
            known = f"{rng.choice([1, 2, 3, 4, 6, 7, 9, 10]):02X}{rng.choice([0, 1, 2, 4, 12, 32]):02X}"
            line = rng.choice([f"AT{rng.choice(settings.split())}", digits, known, known + "00", known + "1"]).encode()
            typed = rng.choice([line, line, rng.randbytes(rng.randint(0, 300)).replace(b"\r", b"")])
            assert b"".join(piece.data for piece in elm.feed(typed + b"\r")).endswith(b">"), typed


def test_protocols_that_we_do_not_speak_are_refused() -> None:
    for protocol in ("1", "A", "", "67"):
        with pytest.raises(ValueError, match="no protocol"):
            car_of(protocol=protocol)
