"""`forecourt serve`: the service, whole or in one of its processes."""

import os
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import SecretStr

from forecourt import logs, processes, serving
from forecourt.installation import Installation
from forecourt.record_platform.provinces import read_platforms
from forecourt.settings import Settings
from forecourt.supervision.supervisor import stop_on_signals


class ServeRole(StrEnum):
    ALL = "all"
    API = "api"
    INGEST = "ingest"
    TASKS = "tasks"


def serve(
    role: Annotated[
        ServeRole, typer.Option(help="Everything under supervision, or one process of it.")
    ] = ServeRole.ALL,
    port: Annotated[int, typer.Option(help="HTTP port; 0 takes a free one and keeps it.", min=0, max=65535)] = 8000,
    mqtt_port: Annotated[int | None, typer.Option(help="Port of the bundled broker.", min=1, max=65535)] = None,
    worker: Annotated[
        int, typer.Option(help="With --role ingest: which of FORECOURT_INGEST_WORKERS, from 0.", min=0, max=15)
    ] = 0,
    mqtt_url: Annotated[str | None, typer.Option(help="Use this broker instead of the bundled one.")] = None,
) -> None:
    """Run the service until it is told to stop; prints its HTTP and MQTT addresses when ready."""
    if mqtt_url is not None:
        os.environ["FORECOURT_MQTT_URL"] = mqtt_url  # the children read it there, not from their command line
    settings = Settings(mqtt_url=SecretStr(mqtt_url)) if mqtt_url else Settings()
    installation = Installation(settings, mqtt_port)
    logs.configure(settings.log_level)
    read_platforms(settings.record_platforms)  # what is wrong in it is said before anything starts
    if role is ServeRole.ALL:
        with stop_on_signals() as until:
            serving.run_all(installation, port, announce, until, lambda words: typer.echo(words, err=True))
    else:
        logs.guard()
        processes.run(processes.Process(role.value), installation, worker if role is ServeRole.INGEST else port)


def announce(addresses: serving.Addresses) -> None:
    typer.echo(f"Forecourt is ready.\n  HTTP  {addresses.http}\n  MQTT  {addresses.mqtt}")
