"""The process of `forecourt edge`: one car's end from its start to a signal, or one scan."""

import json
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
import typer

from foundation.refusals import Invalid
from ingest.address import BrokerAddress
from ingest.edge.adapter import AdapterTrouble
from ingest.edge.edge import Config, Edge
from ingest.edge.python_obd import quieten
from ingest.spool import Limits

STATUS_S = 10.0
COMMIT_S = 30.0
_MB = 1_000_000


def configure(
    *,
    port: str,
    vehicle: str,
    mqtt_url: str,
    spool: Path | None,
    plan: Path | None,
    baud: int | None,
    rate: float,
    least_v: float,
    has_clock: bool,
    spool_mb: int,
    free_mb: int,
) -> Config:
    """Make a car end's configuration of what the command line says."""
    device = BrokerAddress.parse(mqtt_url).user
    if device is None:
        raise Invalid("the MQTT address names no device: use what `forecourt device add` printed")
    folder = spool or Path("var") / "edge" / device
    limits = Limits(spool_mb * _MB, free_mb * _MB)
    return Config(port, vehicle, mqtt_url, folder, plan, baud, rate, least_v, has_clock, limits)


def run(config: Config, *, as_json: bool) -> None:
    """Run until a signal comes; prints when the adapter and the broker are reached, and a status if wanted."""
    with _made(config) as edge, edge:
        while not edge.wait(STATUS_S):
            if as_json:
                typer.echo(json.dumps(edge.facts()))


def scan(config: Config, *, as_json: bool) -> None:
    """Read and send everything once; fails unless the car answered and the server took it."""
    with _made(config) as edge:
        try:
            session, is_committed = edge.scan_once(COMMIT_S)
        except AdapterTrouble as trouble:
            raise Invalid(str(trouble)) from trouble
        finally:
            edge.stop()
    codes = {} if session.codes is None else {ecu: dict(told) for ecu, told in session.codes.ecus.items()}
    found: dict[str, Any] = edge.facts() | {
        "supported_pids": {ecu: len(pids) for ecu, pids in session.car.supported.items()},
        "codes": codes,
        "mil": None if session.codes is None else session.codes.mil,
        "vin_told": session.car.vin is not None,
    }
    typer.echo(json.dumps(found) if as_json else _sentence(found))
    if session.codes is None:
        raise Invalid("the car did not answer")
    if not is_committed:
        raise Invalid("the server did not answer; what was read is in the spool and goes with the next start")


@contextmanager
def _made(config: Config) -> Iterator[Edge]:
    """Make the car end, and let SIGTERM and SIGINT finish it."""
    is_debug = structlog.get_logger().is_enabled_for(logging.DEBUG)
    quieten(debug=is_debug)
    edge = Edge(config, tell=typer.echo)
    before = {
        number: signal.signal(number, lambda _number, _frame: edge.finish())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield edge
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _sentence(found: dict[str, Any]) -> str:
    told = [(f"{ecu} {kind}", its) for ecu, kinds in found["codes"].items() for kind, its in kinds.items()]
    codes = "; ".join(f"{where} {', '.join(its)}" for where, its in told if its) or "no code was told"
    silent = ", ".join(where for where, its in told if its is None)
    return f"{found['sent_readings']} readings; {codes}" + (f"; no answer: {silent}" if silent else "")
