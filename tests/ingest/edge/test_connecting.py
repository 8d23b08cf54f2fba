"""Adapters as they are: obedient ones, clones, stalling, babbling and dying ones."""

import socket
from pathlib import Path

import pytest

from ingest.edge.adapter import AdapterGone, AdapterSilent, read_voltage
from ingest.edge.connecting import connect
from tests.ingest.edge.scripted import Scripted, entry, scenario

FIRST = entry("0100", "SEARCHING...\r7E8 06 41 00 BE 3E B8 11\r\r>")
RPM = entry("010C", "7E8 04 41 0C 1A F8\r\r>")


def test_an_obedient_adapter_is_spoken_to_by_python_obd_and_its_lines_come_untouched() -> None:
    script = scenario(
        entry("ATDPN", "A6\r\r>"), FIRST, entry("010C", "7E8 03 7F", " 01 12\r", "7E9 04 41 0C 00 00\r\r>")
    )
    with Scripted(script) as server:
        adapter = connect(server.url, patience_s=1.5)
        assert adapter.name == "python-OBD"
        assert adapter.request("010C", 1.0) == ["7E8 03 7F 01 12", "7E9 04 41 0C 00 00"]
        adapter.close()


@pytest.mark.parametrize(
    "refused",
    [
        entry("ATE0", "?\r\r>"),
        entry("ATH1", "?\r\r>"),
        entry("ATH1", "OK\r\r>", echo=True),
    ],
)
def test_an_adapter_that_python_obd_refuses_is_spoken_to_plainly(refused: dict[str, object]) -> None:
    with Scripted(scenario(refused, FIRST, RPM)) as server:
        adapter = connect(server.url, patience_s=1.5)
        assert adapter.name == "the plain dialogue"
        assert adapter.request("010C", 1.0) == ["7E8 04 41 0C 1A F8"]
        adapter.close()


def test_a_stall_is_retried_and_the_late_reply_is_not_taken_for_the_next() -> None:
    stalls = entry("010C", "7E8 04 41 0C", delay_ms=0)
    script = scenario(entry("ATH1", "?\r\r>"), entry("0100"), FIRST, stalls, RPM, entry("ATRV", "12.4V\r\r>"))
    with Scripted(script) as server:
        adapter = connect(server.url, patience_s=0.5)
        with pytest.raises(AdapterSilent, match="010C"):
            adapter.request("010C", 0.3)
        assert adapter.request("010C", 1.0) == ["7E8 04 41 0C 1A F8"]
        adapter.close()


def test_a_link_that_breaks_is_gone_at_once() -> None:
    broken = entry("010C", post_action="disconnect")
    for refused in ((), (entry("ATH1", "?\r\r>"),)):
        with Scripted(scenario(*refused, entry("ATDPN", "A6\r\r>"), FIRST, broken)) as server:
            adapter = connect(server.url, patience_s=1.5)
            with pytest.raises(AdapterGone, match="lost"):
                adapter.request("010C", 5.0)
            with pytest.raises(AdapterGone):
                adapter.request("010C", 5.0)
            adapter.close()


def test_a_port_that_is_not_there_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for name in (f"socket://127.0.0.1:{port}", "/dev/nothing-here", "nonsense://x"):
        with pytest.raises(AdapterGone, match="does not open"):
            connect(name)


def test_what_never_prompts_is_silent() -> None:
    with Scripted(scenario(at="", obd="")) as server, pytest.raises(AdapterSilent):
        connect(server.url, patience_s=0.2)


def test_a_stop_ends_a_wait() -> None:
    asked = []

    def stopping() -> bool:
        asked.append(1)
        return len(asked) > 3

    with Scripted(scenario(at="", obd="")) as server, pytest.raises(AdapterGone):
        connect(server.url, patience_s=60, stopping=stopping)


@pytest.mark.parametrize("name", ["no_codes_basic", "chunked_stream", "headers_off_echo_on", "malformed"])
def test_scenarios_of_elmulator_connect(shared: Path, name: str) -> None:
    with Scripted(shared / "samples" / f"{name}.scenario.json") as server:
        adapter = connect(server.url, patience_s=1.5)
        assert (adapter.name == "python-OBD") == (name != "headers_off_echo_on")
        assert adapter.request("0101", 1.0)
        adapter.close()


@pytest.mark.parametrize(
    ("lines", "volts"),
    [
        (["12.6V"], 12.6),
        (["12.6"], 12.6),
        (["14.04 v"], 14.04),
        (["0.2V"], None),
        (["?"], None),
        ([], None),
        (["OK"], None),
    ],
)
def test_only_a_battery_s_voltage_is_one(lines: list[str], volts: float | None) -> None:
    assert read_voltage(lines) == volts
