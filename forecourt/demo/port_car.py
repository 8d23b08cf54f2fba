"""The demo's car behind an ELM327: our simulated adapter on a free port, and a car end that reads it like any other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from foundation.clock import SystemClock
from ingest.edge.edge import Config, Edge
from ingest.edge.python_obd import quieten
from simulators.ecu import FIRST_ADDRESS, Car, Ecu, Identity
from simulators.elm327 import Elm327
from simulators.elm_servers import TcpElm
from simulators.garage import Character
from simulators.live_drive import endless_drive

_SEED = 20261125
_VIN = "LFV2A23C0J3000012"


@dataclass(frozen=True, slots=True)
class PortCar:
    """The running pair: where the adapter is, and the car end."""

    address: str
    edge: Edge

    @property
    def sent_readings(self) -> int:
        return self.edge.publisher.sent_readings

    def park(self, timeout_s: float) -> bool:
        """Stop asking and wait until every message is answered; False: not in time, or some were given up."""
        self.edge.rest()
        return self.edge.publisher.wait_committed(timeout_s)


@contextmanager
def port_car(vehicle: str, mqtt_url: str, folder: Path) -> Iterator[PortCar]:
    """Let a healthy car drive behind our ELM327, read by a car end whose spool is in `folder`."""
    quieten(debug=False)
    source = endless_drive(Character(_SEED), lambda _: 0.0, SystemClock().now, seed=_SEED)
    try:
        ecu = Ecu(source, address=FIRST_ADDRESS, identity=Identity(vin=_VIN, calibration_ids=("FORECOURT-DEMO-1",)))
        with (
            TcpElm(Elm327(Car([ecu]))) as server,
            Edge(Config(server.address, vehicle, mqtt_url, folder)) as edge,
        ):
            yield PortCar(server.address, edge)
    finally:
        source.close()
