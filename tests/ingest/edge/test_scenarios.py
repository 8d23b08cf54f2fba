"""elmulator's scenarios over the real way: TCP, connection, decoder, poller, spool, broker, and what arrives there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecourt.supervision.broker import Broker
from ingest.edge.adapter import AdapterGone
from ingest.edge.connecting import connect
from ingest.edge.edge import Config, Edge
from ingest.envelope import DtcReport, Readings
from tests.ingest.answering import Answering
from tests.ingest.edge.scripted import Scripted

NAMES = ["no_codes_basic", "p0301_basic", "p0420_basic", "chunked_stream", "headers_off_echo_on", "malformed"]
LIVE = {
    "engine_speed",
    "coolant_temperature",
    "vehicle_speed",
    "engine_load",
    "throttle_position",
    "intake_air_temperature",
}
VIN = "1C4RJFBG8FC123456"


@pytest.fixture
def make_edge(device_url: str, tmp_path: Path) -> Callable[[str], Edge]:
    def make(port: str) -> Edge:
        config = Config(port, "car-1", device_url, tmp_path / "edge", rate=200)
        return Edge(config, connect_to=lambda: connect(port, patience_s=1.2))

    return make


@pytest.mark.parametrize("name", NAMES)
def test_one_scan_of_a_scenario_arrives_as_it_should(
    shared: Path, name: str, broker: Broker, make_edge: Callable[[str], Edge]
) -> None:
    file = shared / "samples" / f"{name}.scenario.json"
    expected: dict[str, Any] = json.loads(file.read_text("utf-8"))["expected_scan_summary"]
    with Scripted(file) as server, Answering(broker.ingest_url, broker.ingest_client_id) as answering:
        edge = make_edge(server.url)
        session, is_committed = edge.scan_once(20)
        facts = edge.facts()
        edge.stop()
        assert is_committed
        contents = [message.content for message in answering.messages()]
    values = {
        signal: column[~np.isnan(column)]
        for it in contents
        if isinstance(it, Readings)
        for signal, column in zip(it.signals, it.values, strict=True)
    }
    assert set(values) == (LIVE if expected["live_value_count"] else set())
    assert len(values) == expected["live_value_count"]
    assert all(len(column) == 1 for column in values.values())
    if values:
        assert values["engine_speed"] == 1726
        assert values["coolant_temperature"] == 83
    reports = [it for it in contents if isinstance(it, DtcReport)]
    assert reports
    for report in reports:
        told = [answers for ecu, answers in report.ecus.items() if any(it is not None for it in answers.values())]
        for kind in ("stored", "pending", "permanent"):
            assert [code for it in told for code in it[kind] or ()] == expected[f"{kind}_codes"]
        assert any(it["stored"] == () for it in told) == expected["no_stored_codes_observation"]
        assert (report.vin == VIN) == expected["vin_reported"]
        assert report.mil == (expected["mil_reported_on"] if expected["live_value_count"] else None)
    assert sum(facts["refused_replies"].values()) >= expected.get("min_session_warnings", 0)
    if expected["stored_codes"]:
        (frame,) = (reports[0].freeze or {}).values()
        assert frame["dtc"] == expected["stored_codes"][0]
    assert session.car.vin in {VIN, None}


def test_an_adapter_that_stalls_and_breaks_off_is_a_typed_error_then_connected_again(
    shared: Path, make_edge: Callable[[str], Edge]
) -> None:
    with Scripted(shared / "samples" / "adapter_disconnect.scenario.json") as server:
        edge = make_edge(server.url)
        with pytest.raises(AdapterGone, match="lost"):
            edge.scan_once(0)
        edge.stop()
        assert edge.facts()["sent_messages"] == 0
        with make_edge(server.url) as again:
            server.wait_for(lambda: server.connections >= 3)
            assert "lost" in again.poller.state
            assert again.facts()["sent_messages"] == 0
        assert server.heard.count("03") >= 2
