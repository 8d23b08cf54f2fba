"""The conversations that supervision has with the broker: is it answering, reload your users, what do you hold."""

import json
import secrets
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forecourt.supervision.errors import SupervisionError, UnreachableError
from ingest.partitions import MAPPED, PARTITIONS

_STREAM = "$MQTT_msgs"  # where NATS keeps what was published at QoS 1
_HELD = f"$MQTT.msgs.{MAPPED}.>"


def mqtt_answers(
    host: str, port: int, user: str, password: str, secure: ssl.SSLContext | None = None, timeout: float = 3.0
) -> bool:
    """Whether an MQTT 3.1.1 broker there accepts this user (a CONNECT answered by CONNACK 0), over TLS if `secure`."""
    header = b"\x00\x04MQTT\x04\xc2\x00\x0a"  # user name, password, clean session; keep-alive 10 s
    fields = (f"probe-{user}", user, password)
    body = header + b"".join(struct.pack(">H", len(field)) + field.encode() for field in fields)
    try:
        with (
            socket.create_connection((host, port), timeout) as plain,
            secure.wrap_socket(plain, server_hostname=host) if secure else nullcontext(plain) as connection,
        ):
            connection.sendall(b"\x10" + bytes([len(body)]) + body)
            accepted = connection.recv(4) == b"\x20\x02\x00\x00"
            connection.sendall(b"\xe0\x00")  # DISCONNECT
    except OSError:
        return False
    return accepted


def reload_users(port: int, user: str, password: str, timeout: float = 10.0) -> None:
    """Make the server read its configuration again and wait until that is in force.

    SIGHUP does the same without an answer; the system account's RELOAD request answers with the outcome.
    """
    with _nats(port, user, password, timeout) as (connection, lines, server_id):
        connection.sendall(
            f"SUB _INBOX.reload 1\r\nPUB $SYS.REQ.SERVER.{server_id}.RELOAD _INBOX.reload 0\r\n\r\n".encode()
        )
        for line in lines:
            if line.startswith("MSG "):
                answer = next(lines, "")
                if '"error"' in answer:
                    raise SupervisionError(f"The broker refused its new users: {answer}")
                if answer:
                    return
            if line.startswith("-ERR"):
                raise SupervisionError(f"The broker refused to reload its users: {line}.")
        raise UnreachableError("The broker closed the connection instead of reloading its users.")


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the broker holds for ingest: messages by partition, unacknowledged ones included, and since when."""

    messages: Mapping[int, int]
    oldest: datetime | None


def ask_backlog(port: int, user: str, password: str, timeout: float = 5.0) -> Backlog:
    """Ask the server for what nobody has acknowledged: it deletes a message when all its subscribers have."""
    with _nats(port, user, password, timeout) as (connection, lines, _):
        asked = {"subjects_filter": _HELD}
        told = _request(connection, lines, f"STREAM.INFO.{_STREAM}", asked)
        counts = Counter(dict.fromkeys(range(PARTITIONS), 0))
        for subject, count in (told.get("state", {}).get("subjects") or {}).items():
            counts[int(subject.removeprefix(_HELD[:-1]).partition(".")[0])] += count
        first = _request(connection, lines, f"STREAM.MSG.GET.{_STREAM}", {"seq": 1, "next_by_subj": _HELD})
        since = first.get("message", {}).get("time")
        return Backlog(counts, datetime.fromisoformat(since) if since else None)


def _request(connection: socket.socket, lines: Iterator[str], call: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Ask JetStream; an error, such as that there is no stream yet, is an answer without content."""
    words = json.dumps(body)
    sid = secrets.token_hex(8)
    inbox = f"_INBOX.{sid}"
    connection.sendall(f"SUB {inbox} {sid}\r\nPUB $JS.API.{call} {inbox} {len(words)}\r\n{words}\r\n".encode())
    for line in lines:
        if line.startswith(f"MSG {inbox} "):
            answer: dict[str, Any] = json.loads(next(lines, "{}"))
            return answer
        if line.startswith("-ERR"):
            raise SupervisionError(f"The broker does not tell its backlog: {line}.")
    raise UnreachableError("The broker closed the connection instead of telling its backlog.")


@contextmanager
def _nats(port: int, user: str, password: str, timeout: float) -> Iterator[tuple[socket.socket, Iterator[str], str]]:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as connection, connection.makefile("r") as file:
            lines = (line.rstrip("\r\n") for line in file)
            greeting = next(lines, "")
            if not greeting.startswith("INFO "):
                raise UnreachableError(f"What listens on the broker's control port {port} is not the broker.")
            information = json.loads(greeting.removeprefix("INFO "))
            options = {"user": user, "pass": password, "verbose": False, "pedantic": False, "protocol": 1}
            connection.sendall(f"CONNECT {json.dumps(options)}\r\n".encode())
            yield connection, lines, information["server_id"]
    except OSError as error:
        raise UnreachableError(f"The broker's control port {port} does not answer: {error}.") from error
