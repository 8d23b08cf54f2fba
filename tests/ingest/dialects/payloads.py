"""One payload or more of every dialect, with what it must say: a bare clone tests with these."""

import json
from dataclasses import dataclass, field

import msgpack
import numpy as np

from ingest.arrived import Arrived
from tests.ingest.wire import NOON

TRACCAR = {
    "position": {
        "id": 0,
        "attributes": {
            "rpm": 1200,
            "coolantTemp": 90,
            "odometer": 12_345_000,
            "ignition": True,
            "dtcs": "P0301 P0420",
            "vin": "LSVAA49J132047371",
        },
        "deviceTime": "2026-11-23T03:59:00.000+00:00",
        "fixTime": "2026-11-23T03:58:59.000+00:00",
        "serverTime": "2026-11-23T04:00:00.000+00:00",
        "valid": True,
        "latitude": 31.2,
        "longitude": 121.4,
        "speed": 27.0,
    },
    "device": {"id": 1, "uniqueId": "013912345678"},
}
TORQUE = "v=9&session=1574906194609&id=12345&time=1795405140000&kff1005=-97.7&kff1006=30.4&kc=1178.0&k5=90&kff126b=10.1"


@dataclass(frozen=True)
class Sample:
    """A payload on a topic: its readings by signal (the first of each), and how many values it has that are none."""

    dialect: str
    topic: str
    payload: bytes
    values: dict[str, float] = field(default_factory=dict)
    ignored: int = 0
    retained: bool = False

    def arrived(self, payload: bytes | None = None) -> Arrived:
        return Arrived(self.topic, self.payload if payload is None else payload, NOON, self.retained)


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


_COLUMNS = {"boot": "b7", "seq": 17, "t0": "2026-11-23T03:59:00Z", "dt_ms": [0], "signals": {"engine_speed": [812]}}
_ARRAYS = {
    "boot": "b7",
    "seq": 17,
    "t0": 1_795_406_340_000,
    "n": 1,
    "dt": np.array([0], "<u4").tobytes(),
    "signals": ["engine_speed"],
    "values": np.array([812], "<f4").tobytes(),
}
_RESULT = {"boot": "b7", "seq": 3, "id": "cmd_1", "kind": "snapshot", "outcome": "done", "detail": "so it was"}
_RESULT |= {"ecus": {}, "replies": []}
_FRAMES = [
    {"id": 2024, "dlc": 8, "rtr": False, "extd": False, "data": [3, 65, 91, 170, 0, 0, 0, 0]},
    {"id": 2024, "dlc": 8, "rtr": False, "extd": False, "data": [4, 65, 12, 26, 248, 0, 0, 0]},
    {"id": 123, "dlc": 8, "rtr": False, "extd": False, "data": [1, 2, 3, 4, 5, 6, 7, 8]},
]

SAMPLES = (
    Sample("forecourt readings/json", "fc/v1/d/readings/json", _json(_COLUMNS), {"engine_speed": 812}),
    Sample("forecourt readings/bin", "fc/v1/d/readings/bin", msgpack.packb(_ARRAYS), {"engine_speed": 812}),
    Sample("forecourt dtcs", "fc/v1/d/dtcs", _json({"boot": "b7", "seq": 2, "ecus": {"7E8": {"stored": ["P0301"]}}})),
    Sample("forecourt result", "fc/v1/d/result", _json(_RESULT)),
    Sample("forecourt status", "fc/v1/d/status", b'{"online":true}'),
    Sample("wican", "wican/d/status", b'{"status": "offline"}', retained=True),
    Sample("wican", "wican/d/can/rx", b'{"0C-EngineRPM":1165,"SOC":66.5}', {"engine_speed": 1165}),
    Sample("wican", "wican/d/can/rx", b'{"SOC":66.5,"AC_PLUG":"on"}', retained=True, ignored=2),
    Sample("wican", "wican/d/soc", b"66.50", {"hybrid_battery_remaining": 66.5}),
    Sample("wican", "wican/d/cmd", b'{"battery_voltage": 12.63}', ignored=1),
    Sample(
        "wican",
        "wican/d/can/rx",
        _json({"bus": "0", "type": "rx", "ts": 51561, "frame": _FRAMES}),
        {"hybrid_battery_remaining": 170 / 2.55, "engine_speed": 1726},
    ),
    Sample("ovms", "ovms/d/car/metric/v/p/speed", b"50.5", {"vehicle_speed": 50.5}),
    Sample("ovms", "ovms/d/car/metric/v/b/12v/voltage", b"12.61", {"control_module_voltage": 12.61}),
    Sample("ovms", "ovms/d/car/metric/v/p/latitude", b"22.2809", ignored=1),
    Sample("ovms", "ovms/d/car/metric/v/t/pressure", b"206.843,216.483,275.79,175.79"),
    Sample("ovms", "ovms/d/car/metric/s/v3/connected", b"no"),
    Sample("ovms", "ovms/d/car/notify/data/drive/17/-61", b"*-LOG-Trip,1,2"),
    Sample(
        "autopi",
        "autopi/d/obd",
        b'[{"@ts":"2026-11-23T03:59:01.5","@t":"obd.speed","value":12},'
        b'{"@ts":"2026-11-23T03:59:00","@t":"obd.rpm","value":900},'
        b'{"@ts":"2026-11-23T03:59:00","@t":"track.pos","loc":{"lat":31.2,"lon":121.4}}]',
        {"vehicle_speed": 12, "engine_speed": 900},
        ignored=1,
    ),
    Sample(
        "torque", "fc/v1/d/http/torque", TORQUE.encode(), {"engine_speed": 1178, "coolant_temperature": 90}, ignored=2
    ),
    Sample("torque", "fc/v1/d/http/torque", b"userUnitff126b=%25&userShortNameff126b=Fuel+Rem", ignored=2),
    Sample(
        "traccar",
        "fc/v1/d/http/traccar",
        _json(TRACCAR),
        {"vehicle_speed": 50.004, "engine_speed": 1200, "coolant_temperature": 90, "odometer": 12345},
        ignored=2,
    ),
)
