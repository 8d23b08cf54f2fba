"""Simulated cars: a labelled fleet as trip files, or one car behind our ELM327."""

import json
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import typer

from forecourt.commands.telling import Telling
from foundation.clock import SystemClock
from foundation.refusals import Invalid
from ingest.trips import read_trip
from simulators.ecu import Car, Ecu, FreezeFrame, Identity, Manners
from simulators.elm327 import Elm327, Quirks
from simulators.elm_servers import ElmServer, PtyElm, TcpElm
from simulators.episodes import fleet
from simulators.faults import SIMULATED
from simulators.garage import Character
from simulators.live_drive import endless_drive
from simulators.obd_encoding import MonitorResult
from simulators.output import write_fleet, write_trips
from simulators.played_trip import EndlessDrive, PlayedTrip, SteppedTrip
from simulators.sample import sample_trips
from simulators.scenario import SHIPPED, ScenarioError, load, shipped

TRIPS_A_DAY = 2
_CALIBRATION_ID, _CALIBRATION_NUMBER = "FORECOURT-SIM-01", 0x46435331
# The lambda sensor's switching voltage, the catalyst's ratio and the misfires of cylinder 1, all within their limits.
_RESULTS = (
    MonitorResult(0x01, 0x01, 0x0A, 0.45, 0.0, 0.9),
    MonitorResult(0x21, 0x80, 0x20, 0.2, 0.0, 0.6),
    MonitorResult(0xA2, 0x0C, 0x24, 0, 0, 65535),
)
_Source = PlayedTrip | SteppedTrip | EndlessDrive
_Settings = TypeVar("_Settings", Quirks, Manners)

Codes = list[str] | None


def simulate(
    recorded: Annotated[Path | None, typer.Argument(help="With --elm327: the trip that the car plays.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for one Parquet file a trip, and labels.csv.")] = None,
    vehicles: Annotated[int, typer.Option(help="Cars.", min=1)] = 10,
    days: Annotated[int, typer.Option(help="Days of history, about two trips each.", min=1)] = 7,
    scenario: Annotated[
        Path | None, typer.Option(help="What the fleet is drawn from, a TOML file; or a shipped one, sim_a or sim_b.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.", min=0)] = 1,
    elm327: Annotated[
        str | None, typer.Option(help="One car behind an ELM327 on tcp://HOST:PORT (0: a free one), pty, or pty:LINK.")
    ] = None,
    trip: Annotated[Path | None, typer.Option(help="The same; without one the car drives on and on.")] = None,
    step: Annotated[bool, typer.Option("--step", help="Each question gives the trip's next reading.")] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Play the trip over and over.")] = False,
    speed: Annotated[float, typer.Option(help="Times real time.", min=0.001)] = 1.0,
    fault: Annotated[str | None, typer.Option(help="The driven car's fault.")] = None,
    severity: Annotated[float, typer.Option(help="Of the fault, 0 to 1.", min=0, max=1)] = 1.0,
    stored: Annotated[Codes, typer.Option(help="A stored code of the engine; may be repeated.")] = None,
    pending: Annotated[Codes, typer.Option(help="A pending one.")] = None,
    permanent: Annotated[Codes, typer.Option(help="A permanent one.")] = None,
    vin: Annotated[str | None, typer.Option(help="The car's VIN; without it, one of the seed.")] = None,
    protocol: Annotated[str, typer.Option(help="The ELM327's number of it: CAN 6 to 9, K-line 3 to 5.")] = "6",
    ecus: Annotated[int, typer.Option(help="2: engine and gearbox.", min=1, max=2)] = 1,
    quirk: Annotated[
        list[str] | None, typer.Option(help="A bad habit, NAME=VALUE (docs/elm327.md); may be repeated.")
    ] = None,
) -> None:  # fmt: skip
    """Simulate a labelled fleet, faults included, into trip files; or one car behind an ELM327."""
    path = recorded or trip
    if elm327 is None:
        if path is not None:
            raise Invalid(f"{path.name} is played only behind an adapter: give --elm327 ADDRESS too")
        _fleet(out, vehicles, days, seed, scenario)
        return
    if out is not None or scenario is not None or (recorded and trip) or (fault and path):
        raise Invalid("--elm327 takes one trip or one --fault, and neither --out nor --scenario")
    quirks, manners = _habits(quirk or [])
    with _source(path, step, loop, speed, _character(seed, fault), severity if fault else 0.0) as source:
        try:
            car = _car(source, vin or f"LFCSM0000T{seed % 10**7:07}", ecus, protocol, manners)
            _set_codes(car.ecus[0], source, stored or [], pending or [], permanent or [])
            server = _server(elm327, Elm327(car, quirks))
        except ValueError as error:
            raise Invalid(str(error)) from error
        _serve(server)


def _fleet(out: Path | None, vehicles: int, days: int, seed: int, scenario: Path | None) -> None:
    if out is None:
        typer.echo(
            "simulate needs --out FOLDER for trip files, or --elm327 ADDRESS for one car behind an adapter", err=True
        )
        raise typer.Exit(2)
    if scenario is not None:
        try:
            drawn = shipped(scenario.name) if str(scenario) in SHIPPED else load(scenario)
        except ScenarioError as error:
            raise Invalid(f"{scenario}: {error}") from error
        with Telling("simulating") as tell:
            chunks = fleet(drawn, vehicles, days, seed)
            paths = write_fleet(out, chunks, seed, lambda cars: tell(f"simulated {cars} of {vehicles} cars"))
        typer.echo(json.dumps({"trips": len(paths), "folder": str(out), "scenario": drawn.name}))
        return
    trips = TRIPS_A_DAY * days
    with Telling("simulating"):
        paths = write_trips(out, sample_trips(seed, vehicles, trips, gap_days=1 / TRIPS_A_DAY), seed)
    typer.echo(json.dumps({"trips": len(paths), "folder": str(out)}))


def _character(seed: int, fault: str | None) -> Character:
    if fault is not None and fault not in SIMULATED:
        raise Invalid(f"no simulated car has the fault {fault!r}; there are {', '.join(sorted(SIMULATED))}")
    return Character(seed, fault=fault) if fault else Character(seed)


@contextmanager
def _source(
    path: Path | None, step: bool, loop: bool, speed: float, character: Character, severity: float
) -> Iterator[_Source]:
    """Give where the car's values come from, and free it in the end."""
    if path is not None:
        columns = read_trip(path).columns
        yield SteppedTrip(columns) if step else PlayedTrip(columns, speed=speed, loop=loop)
        return
    if step or loop:
        raise Invalid(f"--{'step' if step else 'loop'} needs a recorded trip")
    driven = endless_drive(character, lambda _: severity, SystemClock().now, seed=character.seed, speed=speed)
    try:
        yield driven
    finally:
        driven.close()


def _car(source: _Source, vin: str, ecus: int, protocol: str, manners: Manners) -> Car:
    identity = Identity(vin, (_CALIBRATION_ID,), (_CALIBRATION_NUMBER,))
    engine = Ecu(source, identity=identity, results=_RESULTS, manners=manners)
    # A gearbox tells the speed too, but a trip that is stepped through is told once.
    shared = () if isinstance(source, SteppedTrip) else ("vehicle_speed",)
    gearbox = Ecu(source, address=engine.address + 1, signals=shared, manners=manners, moving=False)
    return Car([engine, gearbox][:ecus], protocol=protocol)


def _set_codes(
    engine: Ecu, source: _Source, stored: Sequence[str], pending: Sequence[str], permanent: Sequence[str]
) -> None:
    freeze = {0: FreezeFrame(stored[0].upper(), source.half_way())} if stored else {}
    given = ([code.upper() for code in codes] for codes in (stored, pending, permanent))
    engine.set_codes(**dict(zip(("stored", "pending", "permanent"), given, strict=True)), freeze=freeze)


def _habits(pairs: Sequence[str]) -> tuple[Quirks, Manners]:
    """Read NAME=VALUE pairs: what the adapter does, and what the control units do."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Invalid(f"--quirk takes NAME=VALUE, not {pair!r}")
        given[name.replace("-", "_")] = value
    known = {field.name for kind in (Quirks, Manners) for field in fields(kind)}
    if unknown := sorted(set(given) - known):
        raise Invalid(f"no quirk is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return _filled(Quirks, given), _filled(Manners, given)


def _filled(kind: type[_Settings], given: dict[str, str]) -> _Settings:
    default = kind()
    named = {field.name: getattr(default, field.name) for field in fields(kind) if field.name in given}
    return kind(**{name: _typed(name, given[name], before) for name, before in named.items()})


def _typed(name: str, text: str, before: Any) -> Any:
    """Read a value of the kind that stands in its place; whole numbers may be hexadecimal (0xAA)."""
    try:
        if isinstance(before, bool):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
        if isinstance(before, int):
            return int(text, 0)
        return float(text) if isinstance(before, float) else text
    except (KeyError, ValueError) as error:
        raise Invalid(f"the quirk {name} cannot be {text!r}") from error


def _server(address: str, elm: Elm327) -> ElmServer:
    if address == "pty" or address.startswith("pty:"):
        link = address.removeprefix("pty").removeprefix(":")
        return PtyElm(elm, Path(link) if link else None, tell=typer.echo)
    parts = urlsplit(address)
    if parts.scheme not in {"tcp", "socket"} or parts.hostname is None or parts.port is None:
        raise Invalid(f"--elm327 takes tcp://HOST:PORT, pty or pty:LINK, not {address!r}")
    return TcpElm(elm, parts.hostname, parts.port)


def _serve(server: ElmServer) -> None:
    """Print the address alone on the last line, and serve until SIGTERM or Ctrl-C."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with server:
        typer.echo(server.address)
        while server.alive and not stopping.wait(1.0):
            pass
