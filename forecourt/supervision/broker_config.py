"""NATS's configuration as MQTT broker: who may connect, and the topics that each may use."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt

from ingest.device_dialects import FORECOURT, TOPIC_ROOTS
from ingest.partitions import MAPPED, PARTITIONS, wire_partition

INGEST_USER = "fc-ingest"
OPERATOR_USER = "fc-operator"
WATCHER_USER = "fc-watcher"  # asks what the broker holds, over the control port of this machine alone
_WATCHED = ("$JS.API.STREAM.INFO.$MQTT_msgs", "$JS.API.STREAM.MSG.GET.$MQTT_msgs")
_UP = ("readings.json", "readings.bin", "dtcs", "result")
_STATUS = "status"  # stays where it is: NATS maps no last wills
_DOWN = ("committed", "progress", "command")
_UPLOADS = "fc.v1.*.http.*"  # what came to our own HTTP door; no device may publish it
# NATS delivers QoS 1 on this internal subject, as the subscriber's own user.
_DELIVERY = "$MQTT.sub.>"
_MOST_SUBSCRIPTIONS = 1_000_000  # at QoS 1; each device has three, and NATS's own limit is 1,000 in all
_ACK_WAIT_S = 10  # also how long a killed worker's messages wait until they come again
_MOST_UNACKNOWLEDGED = 1024  # of one session
_DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BCRYPT = re.compile(r"\$2[ab]\$\d\d\$[./A-Za-z0-9]{53}")


@dataclass(frozen=True)
class DeviceCredential:
    """A device that may connect: its id is the MQTT user name, its password is known as a bcrypt hash."""

    id: str
    password_hash: str
    dialect: str = FORECOURT

    def __post_init__(self) -> None:
        if not _DEVICE_ID.fullmatch(self.id) or self.id in {INGEST_USER, OPERATOR_USER, WATCHER_USER}:
            raise ValueError(f"{self.id!r} cannot be a device's id.")
        if self.dialect not in TOPIC_ROOTS:
            raise ValueError(f"There is no dialect {self.dialect!r} for the device {self.id}.")
        if not _BCRYPT.fullmatch(self.password_hash):
            raise ValueError(f"The password hash of device {self.id} is not a bcrypt hash.")


def hash_device_password(password: str) -> str:
    """Hash a device's password for the broker.

    The lowest cost: these passwords are long random strings that no guessing finds, and every device
    reconnects at once when the broker comes back.
    """
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


@dataclass(frozen=True)
class Tls:
    """The certificate (with its chain) and the key of the MQTT listener, as PEM files."""

    certificate: Path
    key: Path


def server_config(
    *, host: str, port: int, control_port: int, store: str, users_file: str, tls: Tls | None = None
) -> str:
    """Render the settings that a running server keeps; users are in their own file, which may change.

    A session has one partition, so a worker with all sixteen holds 16,384 unacknowledged messages at most. That is what
    the slowest machine must commit within `ack_wait`, or it is sent them again for nothing; and two devices alone can
    still fill a commit.
    """
    bounds = f'ack_wait: "{_ACK_WAIT_S}s", max_ack_pending: {_MOST_UNACKNOWLEDGED}'
    files = f"cert_file: {_quoted(tls.certificate)}, key_file: {_quoted(tls.key)}" if tls else ""
    secured = f", tls {{ {files} }}" if tls else ""
    return f"""\
# Written by forecourt at every start of the broker.
server_name: "forecourt"
listen: "127.0.0.1:{control_port}"
logtime_utc: true
jetstream {{ store_dir: {json.dumps(store)}, limits {{ default_max_consumers: {_MOST_SUBSCRIPTIONS} }} }}
mqtt {{ host: {json.dumps(host)}, port: {port}, {bounds}{secured} }}
include {json.dumps(users_file)}
system_account: SYS
"""


def users_config(*, ingest_secret: str, operator_secret: str, devices: Iterable[DeviceCredential]) -> str:
    """Render the users, one line each, in a fixed order: the same devices give the same file."""
    operator = {"user": OPERATOR_USER, "password": operator_secret, "allowed_connection_types": ["STANDARD"]}
    ingest = _mqtt_user(
        INGEST_USER,
        ingest_secret,
        publish=[*_subjects("*", _DOWN), f"{MAPPED}.*.{_UPLOADS}"],
        subscribe=[f"{MAPPED}.>", f"fc.v1.*.{_STATUS}"],
    )
    users = [
        _watcher(operator_secret),
        ingest,
        *(_device_user(device) for device in sorted(devices, key=lambda device: device.id)),
    ]
    lines = ",\n".join(f"  {json.dumps(user)}" for user in users)
    return f"""\
accounts: {{
SYS: {{ users: [{json.dumps(operator)}] }},
FC: {{ jetstream: enabled, users: [
{lines}
], mappings: {json.dumps(_mappings())} }}
}}
"""


def _watcher(secret: str) -> dict[str, Any]:
    return {
        "user": WATCHER_USER,
        "password": secret,
        "allowed_connection_types": ["STANDARD"],
        "permissions": {"publish": {"allow": list(_WATCHED)}, "subscribe": {"allow": ["_INBOX.>"]}},
    }


def _mappings() -> dict[str, str]:
    """Give what devices publish, and under which subject with its partition it goes on.

    Kind by kind: what goes down to a device must not be moved.
    """
    ours = {f"fc.v1.*.{name}": f"fc.v1.{{{{wildcard(1)}}}}.{name}" for name in _UP}
    ours[_UPLOADS] = "fc.v1.{{wildcard(1)}}.http.{{wildcard(2)}}"
    roots = filter(None, TOPIC_ROOTS.values())
    makers = {f"{root}.*.>": f"{root}.{{{{wildcard(1)}}}}.>" for root in roots}
    prefix = f"{MAPPED}.{{{{partition({PARTITIONS},1)}}}}"
    return {subject: f"{prefix}.{moved}" for subject, moved in {**ours, **makers}.items()}


def _device_user(device: DeviceCredential) -> dict[str, Any]:
    """Let a device publish what is its own, which the broker checks where the mapping has put it, and hear its own."""
    root = TOPIC_ROOTS[device.dialect]
    makers = [f"{root}.{device.id}.>"] if root else []
    own = [*_subjects(device.id, _UP), *makers]
    return _mqtt_user(
        device.id,
        device.password_hash,
        publish=[f"{MAPPED}.{wire_partition(device.id)}.{subject}" for subject in own]
        + _subjects(device.id, (_STATUS,)),
        subscribe=[*_subjects(device.id, _DOWN), *makers],
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


def _quoted(path: Path) -> str:
    return json.dumps(str(path.absolute()))
