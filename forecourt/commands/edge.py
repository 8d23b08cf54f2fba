"""`forecourt edge`: the car end. It reads little else of Forecourt, so that it fits into a small machine."""

import json
import logging
import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from forecourt import logs
from foundation.refusals import Invalid
from ingest.address import BrokerAddress
from ingest.spool import Limits

try:
    from ingest.edge.adapter import AdapterTrouble
    from ingest.edge.edge import Config, Edge
    from ingest.edge.python_obd import quieten
except ModuleNotFoundError as missing:
    if missing.name not in {"obd", "serial"}:
        raise
    NEEDS = Invalid("the car end needs python-OBD and pyserial, which are an extra: pip install 'forecourt[edge]'")
    raise NEEDS from missing

STATUS_S = 10.0
COMMIT_S = 30.0
_MB = 1_000_000


def edge(
    port: Annotated[
        str,
        typer.Option(
            help="The adapter: a device such as /dev/ttyUSB0, or socket://HOST:PORT.", envvar="FORECOURT_EDGE_PORT"
        ),
    ],
    vehicle: Annotated[str, typer.Option(help="The car's id.", envvar="FORECOURT_EDGE_VEHICLE")],
    mqtt_url: Annotated[
        str,
        typer.Option(
            help="The device's address, as `device add` printed it; better in the environment, where nobody reads it.",
            envvar="FORECOURT_MQTT_URL",
        ),
    ],
    spool: Annotated[
        Path | None,
        typer.Option(help="Folder of the spool; default: ./var/edge/ and the device.", envvar="FORECOURT_EDGE_SPOOL"),
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="JSON file of a poll plan.", exists=True)] = None,
    baud: Annotated[int | None, typer.Option(help="Baud rate; without it, it is found out.", min=1)] = None,
    rate: Annotated[float, typer.Option(help="Most requests a second.", min=0.1, max=1000)] = 20.0,
    min_voltage: Annotated[
        float, typer.Option(help="A parked car whose battery is below is left alone.", min=0, max=30)
    ] = 11.8,
    spool_limit: Annotated[int, typer.Option(help="Most megabytes of the spool.", min=1)] = 256,
    keep_free: Annotated[
        int, typer.Option(help="Free megabytes of the disk below which the spool does not grow.", min=0)
    ] = 64,
    clock: Annotated[str, typer.Option(help="system, or none where nobody sets this machine's clock.")] = "system",
    once: Annotated[bool, typer.Option(help="Read and send everything once, and end.")] = False,
    json_status: Annotated[bool, typer.Option(help="Print a line of JSON every ten seconds.")] = False,
    log_level: Annotated[str, typer.Option(help="Least level that is logged.")] = "warning",
) -> None:
    """Read a car through an ELM327 adapter and send what it says, until told to stop."""
    if clock not in {"system", "none"}:
        raise Invalid("--clock is system or none")
    device = BrokerAddress.parse(mqtt_url).user or ""
    config = Config(
        port=port,
        vehicle=vehicle,
        mqtt_url=mqtt_url,
        folder=spool or Path("var") / "edge" / device,
        plan=plan,
        baud=baud,
        rate=rate,
        least_v=min_voltage,
        has_clock=clock == "system",
        limits=Limits(spool_limit * _MB, keep_free * _MB),
    )
    logs.configure(log_level)
    quieten(debug=log_level.upper() == "DEBUG")
    logging.getLogger("paho").setLevel(logging.CRITICAL)
    car_end = Edge(config, tell=typer.echo)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: car_end.finish())
    if once:
        _once(car_end, as_json=json_status)
        return
    with car_end:
        while not car_end.wait(STATUS_S if json_status else None):
            typer.echo(json.dumps(car_end.facts()))


def _once(car_end: Edge, *, as_json: bool) -> None:
    """Scan, print what was found, and fail unless the car answered and the server took it."""
    try:
        session, is_committed = car_end.scan_once(COMMIT_S)
    except AdapterTrouble as trouble:
        raise Invalid(str(trouble)) from trouble
    finally:
        facts = car_end.facts()
        car_end.stop()
    found: dict[str, Any] = facts | {
        "supported_pids": {ecu: len(pids) for ecu, pids in session.car.supported.items()},
        "codes": {} if session.codes is None else {ecu: dict(it) for ecu, it in session.codes.ecus.items()},
        "mil": None if session.codes is None else session.codes.mil,
        "vin_told": session.car.vin is not None,
    }
    typer.echo(json.dumps(found) if as_json else _sentence(found))
    if session.codes is None:
        raise Invalid("the car did not answer")
    if not is_committed:
        raise Invalid("the server did not answer; what was read is in the spool and goes with the next start")


def _sentence(found: dict[str, Any]) -> str:
    codes = [
        f"{ecu} {kind} {', '.join(its)}" for ecu, told in found["codes"].items() for kind, its in told.items() if its
    ]
    silent = [f"{ecu} {kind}" for ecu, told in found["codes"].items() for kind, its in told.items() if its is None]
    said = "; ".join(codes) or "no code was told"
    return f"{found['sent_readings']} readings; {said}" + (f"; no answer: {', '.join(silent)}" if silent else "")
