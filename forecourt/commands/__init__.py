"""The commands, wired to their names; each lives in the file of its subject, which is read when it is called."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType

import typer

COMMANDS: Mapping[str, str] = MappingProxyType({
    "serve": "serve:serve",
    "demo": "demo:demo",
    "edge": "edge:edge",
    "replay": "history:replay",
    "score": "history:score",
    "train": "training:train",
    "score-table": "training:score_table",
    "evaluate": "evaluation:evaluate",
    "simulate": "simulation:simulate",
    "migrate": "installation:migrate",
    "seed": "installation:seed",
    "doctor": "installation:doctor",
    "organisation": "provision:organisations",
    "account": "persons:accounts",
    "vehicle": "provision:vehicles",
    "device": "provision:devices",
    "parts": "catalogue:parts",
    "vin": "vin:vins",
    "audit": "audit:audit",
})  # fmt: skip


def build(names: Iterable[str]) -> typer.Typer:
    """Build the command line with these commands; the whole of it takes seconds to read, one command does not."""
    app = typer.Typer(
        name="forecourt",
        help="After-sales and telematics diagnostics for cars.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        callback=lambda: None,  # with one command, too, its name is given
    )
    for name in names:
        file, _, attribute = COMMANDS[name].partition(":")
        command = getattr(import_module(f"forecourt.commands.{file}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app
