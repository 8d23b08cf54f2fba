"""A car behind our ELM327 for the tests: an engine at 1726 rpm and 50 km/h, and a plain dialogue without sockets."""

from collections.abc import Mapping, Sequence

import numpy as np

from ingest.readings import TripColumns
from simulators.ecu import Car, Ecu, Identity, Manners
from simulators.elm327 import Elm327, Quirks
from simulators.obd_encoding import MonitorResult
from simulators.played_trip import PlayedTrip

VIN = "1HGCM82633A004352"
IDENTITY = Identity(VIN, ("312J6000", "A4701000"), (0x6953CD4B, 0x611F6EF2))
DRIVING = {
    "engine_speed": 1726.0,
    "vehicle_speed": 50.0,
    "coolant_temperature": 83.0,
    "engine_load": 24.7,
    "control_module_voltage": 14.1,
}


def trip_of(signals: Mapping[str, Sequence[float]], step_s: float = 1.0) -> TripColumns:
    columns = {name: np.asarray(values, dtype=np.float32) for name, values in signals.items()}
    rows = len(next(iter(columns.values())))
    return TripColumns("", "test", None, np.arange(rows) * step_s, columns)


def driving() -> PlayedTrip:
    """Give a car that stands at the same values for an hour."""
    return PlayedTrip(trip_of({name: [value, value] for name, value in DRIVING.items()}, 3600.0))


def car_of(*, ecus: int = 1, protocol: str = "6", manners: Manners | None = None) -> Car:
    source = driving()
    source.turn_on()
    results = [MonitorResult(0x21, 0x80, 0x20, 0.2, 0.0, 0.5), MonitorResult(0xA2, 0x0C, 0x24, 3, 0, 65535)]
    engine = Ecu(source, identity=IDENTITY, results=results, manners=manners)
    gearbox = Ecu(source, address=0x7E9, signals=["vehicle_speed"], moving=False)
    return Car([engine, gearbox][:ecus], protocol=protocol)


class Terminal:
    """Types commands into an adapter and gives what comes back, as text."""

    def __init__(self, car: Car, quirks: Quirks | None = None, *before: str) -> None:
        self.elm = Elm327(car, quirks)
        for command in ("ATE0", *before):
            self(command)

    def __call__(self, command: str) -> str:
        return b"".join(piece.data for piece in self.elm.feed(command.encode() + b"\r")).decode()

    def lines(self, command: str) -> list[str]:
        """Give the lines of the reply, which must end as a reply ends."""
        said = self(command)
        assert said.endswith("\r\r>"), said
        return said.removesuffix("\r\r>").split("\r")
