"""`forecourt edge`: the car end. It reads little else of Forecourt, so that it fits into a small machine."""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from forecourt import logs
from foundation.refusals import Invalid

_EXTRA = frozenset({"obd", "serial"})


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
            help="The device's address, as `device add` printed it; in the environment nobody else reads it.",
            envvar="FORECOURT_MQTT_URL",
        ),
    ],
    spool: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the spool; default: var/edge/ and the device's id.", envvar="FORECOURT_EDGE_SPOOL"
        ),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="JSON file of a poll plan.", exists=True, envvar="FORECOURT_EDGE_PLAN")
    ] = None,
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
    once: Annotated[bool, typer.Option("--once", help="Read and send everything once, and end.")] = False,
    json_status: Annotated[bool, typer.Option("--json-status", help="Print JSON, a line every ten seconds.")] = False,
    log_level: Annotated[str, typer.Option(help="Least level that is logged.")] = "warning",
) -> None:
    """Read a car through an ELM327 adapter and send what it says, until told to stop."""
    if clock not in {"system", "none"}:
        raise Invalid("--clock is system or none")
    car_end = _needs_extra("forecourt.car_end")
    logs.configure(log_level)
    config = car_end.configure(
        port=port,
        vehicle=vehicle,
        mqtt_url=mqtt_url,
        spool=spool,
        plan=plan,
        baud=baud,
        rate=rate,
        least_v=min_voltage,
        has_clock=clock == "system",
        spool_mb=spool_limit,
        free_mb=keep_free,
    )
    if once:
        car_end.scan(config, as_json=json_status)
    else:
        car_end.run(config, as_json=json_status)


def _needs_extra(name: str) -> ModuleType:
    """Import what needs the extra; without it the command still stands in the help."""
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise Invalid(
            "the car end needs python-OBD and pyserial, which are an extra: pip install 'forecourt[edge]'"
        ) from missing
