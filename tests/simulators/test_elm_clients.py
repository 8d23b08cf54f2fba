"""Others talk to our ELM327: python-OBD, py-obdii, a plain socket; over TCP and over a pseudo terminal."""

import dataclasses
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import obd
import obdii
import pytest
from obdii import commands as obdii_commands
from obdii.protocol import Protocol as ObdiiProtocol

from forecourt.__main__ import main
from ingest.trips import read_trip
from simulators.ecu import Car, Ecu, Manners
from simulators.elm327 import Elm327, Quirks
from simulators.elm_servers import ElmServer, PtyElm, TcpElm
from simulators.obd_encoding import encode
from simulators.played_trip import SteppedTrip
from tests.simulators.elm_car import VIN, car_of

PROMPT = b">"


@contextmanager
def plain(server: TcpElm, timeout_s: float = 5.0) -> Iterator[socket.socket]:
    with socket.create_connection((server.host, server.port), timeout=timeout_s) as connection:
        yield connection


def say(connection: socket.socket, command: bytes) -> bytes:
    connection.sendall(command + b"\r")
    return until_prompt(connection)


def until_prompt(connection: socket.socket) -> bytes:
    heard = b""
    while not heard.endswith(PROMPT):
        piece = connection.recv(4096)
        assert piece, f"the link was lost after {heard!r}"
        heard += piece
    return heard


@pytest.mark.parametrize(
    ("door", "flags"), [("tcp", {"baudrate": 38400}), ("tcp", {}), ("pty", {}), ("link", {"fast": False})]
)
def test_python_obd_needs_no_special_flags(door: str, flags: dict[str, int], tmp_path: Path) -> None:
    car = car_of(ecus=2)
    car.ecus[0].set_codes(stored=["P0143"])
    elm = Elm327(car)
    doors = {"tcp": lambda: TcpElm(elm), "pty": lambda: PtyElm(elm), "link": lambda: PtyElm(elm, tmp_path / "elm")}
    server: ElmServer = doors[door]()
    with server:
        tester = obd.OBD(server.address, **flags)
        try:
            assert tester.status() == obd.OBDStatus.CAR_CONNECTED
            assert tester.protocol_id() == "6"
            read = {name: tester.query(obd.commands[name]).value for name in ("RPM", "SPEED", "COOLANT_TEMP", "VIN")}
            again = tester.query(obd.commands.RPM).value
            codes = tester.query(obd.commands.GET_DTC).value
            status = tester.query(obd.commands.STATUS).value
        finally:
            tester.close()
    assert (read["RPM"].magnitude, again.magnitude, read["SPEED"].magnitude) == (1726.0, 1726.0, 50.0)
    assert read["COOLANT_TEMP"].magnitude == 83
    assert len(read["VIN"]) == 15
    assert bytes(read["VIN"]).decode() in VIN  # it strips digits from both ends, telematics.md 1.3
    assert [code for code, _ in codes] == ["P0143"]
    assert (status.MIL, status.DTC_count) == (True, 1)


@pytest.mark.parametrize("protocol", ["5", "7"])
def test_python_obd_reads_other_buses(protocol: str) -> None:
    with TcpElm(Elm327(car_of(protocol=protocol))) as server:
        tester = obd.OBD(server.address, baudrate=38400)
        try:
            assert tester.protocol_id() == protocol
            assert tester.query(obd.commands.RPM).value.magnitude == 1726.0
            # On a K-line it reads the bitmap of mode 09 one byte too early, and would not ask.
            told = tester.query(obd.commands.VIN, force=protocol == "5").value
            assert len(bytes(told)) >= 15
            assert bytes(told).decode() in VIN
        finally:
            tester.close()


@pytest.mark.parametrize("door", ["tcp", "pty"])
def test_py_obdii_needs_no_special_flags(door: str) -> None:
    elm = Elm327(car_of())
    server: ElmServer = TcpElm(elm) if door == "tcp" else PtyElm(elm)
    with server:
        where = (server.host, server.port) if isinstance(server, TcpElm) else server.address
        with obdii.Connection(where, log_handler=None) as tester:
            assert tester.protocol is ObdiiProtocol.ISO_15765_4_CAN
            assert tester.query(obdii_commands["ENGINE_SPEED"]).value == 1726.0
            assert tester.query(obdii_commands["VEHICLE_SPEED"]).value == 50
            vin = tester.query(obdii_commands["VIN"])
    assert vin.unparsed is not None
    assert bytes(vin.unparsed[1:]).decode() == VIN
    logging.getLogger("obdii").handlers.clear()


def test_one_tester_after_the_other_and_the_next_one_waits() -> None:
    with TcpElm(Elm327(car_of())) as server:
        for _ in range(3):
            with plain(server) as first:
                assert say(first, b"ATI").endswith(b"ELM327 v1.5\r\r>")
                first.sendall(b"half a comm")
        with plain(server) as first:
            assert say(first, b"ATE0").endswith(b"OK\r\r>")
            with plain(server) as second:
                second.sendall(b"010D\r")
                assert say(first, b"ATRV") == b"14.1V\r\r>"
                first.close()
                assert until_prompt(second) == b"SEARCHING...\r41 0D 32\r\r>"


def test_a_tester_who_resets_the_connection_kills_nothing() -> None:
    with TcpElm(Elm327(car_of(), Quirks(slow_ms=20))) as server:
        with plain(server) as rude:
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            rude.sendall(b"010D\r" * 3)
        with plain(server) as polite:
            say(polite, b"ATE0")
            assert say(polite, b"010D").endswith(b"41 0D 32\r\r>")
        assert server.alive


def test_a_terminal_may_be_closed_and_opened_again() -> None:
    with PtyElm(Elm327(car_of())) as server:
        for _ in range(3):
            terminal = os.open(server.address, os.O_RDWR | os.O_NOCTTY)
            try:
                os.write(terminal, b"ATRV\r")
                heard = b""
                while not heard.endswith(PROMPT):
                    heard += os.read(terminal, 100)
            finally:
                os.close(terminal)
            assert heard == b"ATRV\r14.1V\r\r>"


def test_a_character_during_a_reply_stops_it() -> None:
    manners = Manners(pending_on="03", pending_ms=60_000)
    with TcpElm(Elm327(car_of(manners=manners))) as server, plain(server) as tester:
        say(tester, b"ATE0")
        say(tester, b"0100")
        tester.sendall(b"03\r")
        heard = b""
        while not heard.endswith(b"7F 03 78\r"):
            heard += tester.recv(100)
        tester.sendall(b" ")
        assert until_prompt(tester) == b"STOPPED\r\r>"
        assert say(tester, b"07") == b"47 00\r\r>"


def test_an_adapter_dies_and_is_there_again(tmp_path: Path) -> None:
    with TcpElm(Elm327(car_of(), Quirks(die_on="03"))) as server:
        with plain(server) as tester:
            say(tester, b"ATE0")
            tester.sendall(b"03\r")
            assert tester.recv(100) == b""
        with plain(server) as tester:
            assert say(tester, b"07") == b"SEARCHING...\r47 00\r\r>"
    told: list[str] = []
    born = threading.Event()

    def tell(address: str) -> None:
        told.append(address)
        born.set()

    with PtyElm(Elm327(car_of(), Quirks(die_after=1)), tmp_path / "elm", tell) as server:
        before = (tmp_path / "elm").readlink()
        terminal = os.open(server.address, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(terminal, b"0100\r")
            assert born.wait(10)
            while os.read(terminal, 100):  # the echo; then the end, as of an unplugged adapter
                pass
        finally:
            os.close(terminal)
        assert told == [str(tmp_path / "elm")]
        assert (tmp_path / "elm").readlink().exists()
        assert before != (tmp_path / "elm").readlink() or before.exists()
    assert not (tmp_path / "elm").is_symlink()


def test_nothing_is_left_behind() -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before, threads = opened(), threading.active_count()
    for server in (TcpElm(Elm327(car_of())), PtyElm(Elm327(car_of())), TcpElm(Elm327(car_of()))):
        with server:
            if isinstance(server, TcpElm):
                with plain(server) as tester:
                    say(tester, b"ATZ")
        server.stop()
    assert (opened(), threading.active_count()) == (before, threads)


def test_what_kills_the_thread_is_told() -> None:
    class Broken(Elm327):
        def feed(self, data):
            raise ZeroDivisionError

    server = TcpElm(Broken(car_of())).__enter__()
    with plain(server) as tester:
        tester.sendall(b"ATZ\r")
        assert tester.recv(100) == b""
    with pytest.raises(ZeroDivisionError):
        server.stop()


def test_a_real_trip_is_read_whole_over_tcp(shared: Path) -> None:
    """Every reading of five signals arrives once and in order, at a thousand requests a second or more."""
    trip = read_trip(shared / "data/trips/carobd/drive1.parquet").columns
    source = SteppedTrip(trip)
    wanted = {0x0C: "engine_speed", 0x0D: "vehicle_speed", 0x05: "coolant_temperature",
              0x42: "control_module_voltage", 0x07: "long_term_fuel_trim_1"}  # fmt: skip
    heard: dict[int, list[bytes]] = {pid: [] for pid in wanted}
    with TcpElm(Elm327(Car([Ecu(source)]))) as server, plain(server) as tester:
        for command in (b"ATE0", b"ATH1", b"ATS0", b"0100"):
            say(tester, command)
        begun = time.monotonic()
        asking = list(wanted)
        while asking:
            for pid in tuple(asking):
                line = say(tester, f"01{pid:02X}1".encode()).removesuffix(b"\r\r>").decode()
                if line == "NO DATA":
                    asking.remove(pid)
                else:
                    heard[pid].append(bytes.fromhex(line[9:]))
        rate = sum(map(len, heard.values())) / (time.monotonic() - begun)
    for pid, name in wanted.items():
        values = trip.signals[name][np.isfinite(trip.signals[name])]
        assert heard[pid] == [encode(pid, {name: float(value)}) for value in values], name
    assert rate > 1000


# The command, as people start it.


@contextmanager
def simulate(*arguments: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "forecourt", "simulate", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
        finally:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "")


def dial(address: str, *commands: bytes) -> list[str]:
    host, _, port = address.removeprefix("socket://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        return [say(connection, command).decode().removesuffix("\r\r>") for command in commands]


def test_the_command_plays_a_real_trip(shared: Path) -> None:
    trip = shared / "data/trips/carobd/drive1.parquet"
    options = ["--elm327", "tcp://127.0.0.1:0", "--vin", VIN, "--ecus", "2", "--protocol", "7", "--stored", "p0562",
               "--permanent", "P0301", "--quirk", "version=2.1", "--quirk", "refuse-unknown-pid=1"]  # fmt: skip
    with simulate(str(trip), *options) as (address, _):
        assert address.startswith("socket://127.0.0.1:")
        told = dial(address, b"ATE0", b"ATI", b"ATH1", b"0100", b"03", b"0A", b"020200", b"0902", b"01A6")
    assert told[1] == "ELM327 v2.1"
    assert told[3].startswith("SEARCHING...\r18 DA F1 10 06 41 00 ")
    assert told[4] == "18 DA F1 10 04 43 01 05 62\r18 DA F1 18 02 43 00"
    assert told[5] == "18 DA F1 10 04 4A 01 03 01\r18 DA F1 18 02 4A 00"
    assert told[6] == "18 DA F1 10 05 42 02 00 05 62\r18 DA F1 18 05 42 02 00 00 00"
    assert told[7].splitlines()[0] == "18 DA F1 10 10 14 49 02 01 31 48 47"
    assert told[8] == "18 DA F1 10 03 7F 01 12\r18 DA F1 18 03 7F 01 12"


def test_the_command_drives_on_and_on_on_a_terminal(tmp_path: Path) -> None:
    link = tmp_path / "elm"
    options = ["--elm327", f"pty:{link}", "--fault", "fuel_pump", "--severity", "0.7", "--speed", "60"]
    with simulate(*options) as (address, _):
        assert address == str(link)
        tester = obd.OBD(address)
        try:
            assert tester.query(obd.commands.CONTROL_MODULE_VOLTAGE).value.magnitude > 9
            assert tester.query(obd.commands.COOLANT_TEMP).value is not None
        finally:
            tester.close()
    assert not link.is_symlink()


def test_every_quirk_stands_in_the_guide() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs/elm327.md").read_text("utf-8")
    names = [field.name for kind in (Quirks, Manners) for field in dataclasses.fields(kind)]
    assert [name for name in names if f"`{name}=" not in guide] == []


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 2, "simulate needs --out FOLDER"),
        (["trip.parquet", "--out", "x"], 1, "trip.parquet is played only behind an adapter"),
        (
            ["--elm327", "pty", "--out", "x"],
            1,
            "--elm327 takes one trip or one --fault, and neither --out nor --scenario",
        ),
        (["--out", "x", "--scenario", "sim_z"], 1, "sim_z: No such file or directory"),
        (["--elm327", "udp://x:1"], 1, "--elm327 takes tcp://HOST:PORT, pty or pty:LINK"),
        (["--elm327", "pty", "--fault", "rust"], 1, "no simulated car has the fault 'rust'"),
        (["--elm327", "pty", "--stored", "P99"], 1, "'P99' is no trouble code"),
        (["--elm327", "pty", "--vin", "X"], 1, "'X' is no VIN"),
        (["--elm327", "pty", "--step"], 1, "--step needs a recorded trip"),
        (["--elm327", "pty", "--quirk", "lazy=1"], 1, "no quirk is called lazy"),
        (["--elm327", "pty", "--quirk", "slow_ms=x"], 1, "the quirk slow_ms cannot be 'x'"),
        (["--elm327", "pty", "--protocol", "1"], 1, "'1' is no protocol we speak"),
        (["--elm327", "pty", "missing.parquet"], 1, "missing.parquet"),
    ],
)
def test_a_wrong_command_is_told_in_a_sentence(
    arguments: list[str], code: int, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["forecourt", "simulate", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (code, "")
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1


def test_the_fleet_is_simulated_as_before(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "forecourt", "simulate", "--out", str(tmp_path), "--vehicles", "1", "--days", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout)["trips"] == len(list(tmp_path.glob("*.parquet"))) > 0
