"""NATS's configuration as MQTT broker: who may connect, and the topics that each may use."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import bcrypt

INGEST_USER = "fc-ingest"
OPERATOR_USER = "fc-operator"
_UP = ("readings.json", "readings.bin", "dtcs", "status", "result")
_DOWN = ("committed", "progress", "command")
# NATS delivers QoS 1 on this internal subject, as the subscriber's own user.
_DELIVERY = "$MQTT.sub.>"
_DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BCRYPT = re.compile(r"\$2[ab]\$\d\d\$[./A-Za-z0-9]{53}")


@dataclass(frozen=True)
class DeviceCredential:
    """A device that may connect: its id is the MQTT user name, its password is known as a bcrypt hash."""

    id: str
    password_hash: str

    def __post_init__(self) -> None:
        if not _DEVICE_ID.fullmatch(self.id) or self.id in {INGEST_USER, OPERATOR_USER}:
            raise ValueError(f"{self.id!r} cannot be a device's id.")
        if not _BCRYPT.fullmatch(self.password_hash):
            raise ValueError(f"The password hash of device {self.id} is not a bcrypt hash.")


def hash_device_password(password: str) -> str:
    """Hash a device's password for the broker.

    The lowest cost: these passwords are long random strings that no guessing finds, and every device
    reconnects at once when the broker comes back.
    """
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def server_config(*, host: str, port: int, control_port: int, store: str, users_file: str) -> str:
    """Render the settings that a running server keeps; users are in their own file, which may change."""
    return f"""\
# Written by forecourt at every start of the broker.
server_name: "forecourt"
listen: "127.0.0.1:{control_port}"
logtime_utc: true
jetstream {{ store_dir: {json.dumps(store)} }}
mqtt {{ host: {json.dumps(host)}, port: {port}, ack_wait: "10s", max_ack_pending: 8192 }}
include {json.dumps(users_file)}
system_account: SYS
"""


def users_config(*, ingest_secret: str, operator_secret: str, devices: Iterable[DeviceCredential]) -> str:
    """Render the users, one line each, in a fixed order: the same devices give the same file."""
    operator = {"user": OPERATOR_USER, "password": operator_secret, "allowed_connection_types": ["STANDARD"]}
    ingest = _mqtt_user(INGEST_USER, ingest_secret, publish=_subjects("*", _DOWN), subscribe=_subjects("*", _UP))
    users = [ingest, *(_device_user(device) for device in sorted(devices, key=lambda device: device.id))]
    lines = ",\n".join(f"  {json.dumps(user)}" for user in users)
    return f"""\
accounts: {{
SYS: {{ users: [{json.dumps(operator)}] }},
FC: {{ jetstream: enabled, users: [
{lines}
] }}
}}
"""


def _device_user(device: DeviceCredential) -> dict[str, Any]:
    return _mqtt_user(
        device.id,
        device.password_hash,
        publish=_subjects(device.id, _UP),
        subscribe=_subjects(device.id, _DOWN),
    )


def _mqtt_user(name: str, password: str, *, publish: list[str], subscribe: list[str]) -> dict[str, Any]:
    return {
        "user": name,
        "password": password,
        "allowed_connection_types": ["MQTT"],
        "permissions": {"publish": {"allow": publish}, "subscribe": {"allow": [*subscribe, _DELIVERY]}},
    }


def _subjects(device: str, names: tuple[str, ...]) -> list[str]:
    """Give the topics fc/v1/{device}/... as NATS subjects, which have dots for slashes."""
    return [f"fc.v1.{device}.{name}" for name in names]
