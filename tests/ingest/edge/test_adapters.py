"""The car end against our own ELM327 with its bad habits: what is read is right, or it is not there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ingest.edge.adapter import AdapterGone
from ingest.edge.connecting import connect
from ingest.edge.edge import Config, Edge
from ingest.signals import PIDS
from simulators.ecu import Manners
from simulators.elm327 import Elm327, Quirks
from simulators.elm_servers import PtyElm, TcpElm
from tests.ingest.edge.fakes import NOWHERE, readings, reports
from tests.simulators.elm_car import DRIVING, VIN, car_of

STEPS = {field.signal: field.scale for pid in PIDS.values() for field in pid.fields}
GOOD = [
    ("6", Quirks()),
    ("7", Quirks()),
    ("8", Quirks(chunk_bytes=3)),
    ("9", Quirks(linefeeds=True)),
    ("3", Quirks()),
    ("4", Quirks(no_voltage=True)),
    ("5", Quirks(ignores_echo_off=True)),
    ("6", Quirks(ignores_echo_off=True, ignores_headers=True, no_voltage=True)),
    ("6", Quirks(ignores_headers=True, slow_ms=20)),
    ("6", Quirks(padding=0x55, pad_single=True)),
]
BAD = [
    Quirks(stall_on=9),
    Quirks(error_every=3),
    Quirks(garble_every=3),
    Quirks(buffer_bytes=12),
    Quirks(garble_every=2),
]


@contextmanager
def scanned(folder: Path, address: str) -> Iterator[tuple[Edge, dict[str, float]]]:
    """Scan once without a broker; gives the values that are in the spool."""
    config = Config(address, "car-1", NOWHERE, folder, rate=500)
    edge = Edge(config, connect_to=lambda: connect(address, patience_s=1.5))
    try:
        edge.poller.scan_once()
        found: dict[str, float] = {}
        for _, content in readings(edge):
            for signal, column in zip(content.signals, content.values, strict=True):
                (found[signal],) = column[~np.isnan(column)].tolist()
        yield edge, found
    finally:
        edge.stop()


def check(found: Mapping[str, float]) -> None:
    for signal, value in found.items():
        if signal in DRIVING:
            assert value == pytest.approx(DRIVING[signal], abs=STEPS[signal] / 2 + 1e-3), signal


@pytest.mark.parametrize(("protocol", "quirks"), GOOD)
def test_each_kind_of_adapter_and_bus_gives_the_car_s_values(tmp_path: Path, protocol: str, quirks: Quirks) -> None:
    with (
        TcpElm(Elm327(car_of(ecus=2, protocol=protocol), quirks)) as server,
        scanned(tmp_path, server.address) as (edge, found),
    ):
        check(found)
        assert set(DRIVING) <= set(found)
        assert {it.vin for it in reports(edge)} == {VIN}


def test_over_a_pseudo_terminal_too(tmp_path: Path) -> None:
    with PtyElm(Elm327(car_of(ecus=2))) as server, scanned(tmp_path, server.address) as (_, found):
        check(found)
        assert set(DRIVING) <= set(found)


@pytest.mark.parametrize("quirks", BAD)
def test_what_a_bad_adapter_spoils_is_missing_and_never_wrong(tmp_path: Path, quirks: Quirks) -> None:
    with TcpElm(Elm327(car_of(ecus=2), quirks)) as server, scanned(tmp_path, server.address) as (edge, found):
        check(found)
        codes = [it for report in reports(edge) for answers in report.ecus.values() for it in answers.values()]
        assert all(it in {None, ()} for it in codes)


def test_control_units_that_promise_and_answer_late_are_waited_for(tmp_path: Path) -> None:
    manners = Manners(pending_on="01,03,09", pending_ms=400)
    with TcpElm(Elm327(car_of(manners=manners))) as server, scanned(tmp_path, server.address) as (edge, found):
        check(found)
        assert set(DRIVING) <= set(found)
        assert reports(edge)[0].ecus["7E8"]["stored"] == ()


def test_an_adapter_that_dies_is_gone(tmp_path: Path) -> None:
    with TcpElm(Elm327(car_of(), Quirks(die_after=12))) as server:
        config = Config(server.address, "car-1", NOWHERE, tmp_path, rate=500)
        edge = Edge(config, connect_to=lambda: connect(server.address, patience_s=1.5))
        try:
            with pytest.raises(AdapterGone):
                edge.poller.scan_once()
        finally:
            edge.stop()
