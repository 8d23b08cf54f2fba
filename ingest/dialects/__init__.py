"""The dialects that devices speak: one registry, and the one function that reads a batch of messages with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.arrived import Arrived
from ingest.dialects import forecourt_binary, forecourt_dtcs, forecourt_json, forecourt_result, forecourt_status
from ingest.dialects.dialect import Dialect
from ingest.envelope import Malformed, Message, Status
from ingest.topics import Kind, filter_of, parse_topic


@dataclass(frozen=True, slots=True)
class _Ours:
    """A dialect on one of our own topics."""

    kind: Kind
    read: Callable[[bytes], Message | Status]

    @property
    def name(self) -> str:
        return f"forecourt {self.kind}"

    @property
    def subscription(self) -> str:
        return filter_of(self.kind)

    def device_of(self, topic: str) -> str | None:
        parsed = parse_topic(topic)
        return parsed[0] if parsed is not None and parsed[1] is self.kind else None

    def decode(self, payload: bytes) -> Message | Status:
        return self.read(payload)


DIALECTS: tuple[Dialect, ...] = (
    _Ours(Kind.READINGS_BINARY, forecourt_binary.decode),
    _Ours(Kind.READINGS_JSON, forecourt_json.decode),
    _Ours(Kind.DTCS, forecourt_dtcs.decode),
    _Ours(Kind.RESULT, forecourt_result.decode),
    _Ours(Kind.STATUS, forecourt_status.decode),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A delivery that was read: by whom it was sent, and what it says, or why it says nothing."""

    arrived: Arrived
    device: str
    content: Message | Status | Malformed


def subscriptions() -> list[str]:
    """Give the MQTT topic filters of all dialects."""
    return sorted({dialect.subscription for dialect in DIALECTS})


def decode(arrived: Sequence[Arrived]) -> list[Decoded]:
    """Read a batch. What cannot be read stays in it as its `Malformed`; a topic of nobody's names no device."""
    return [_decode(one) for one in arrived]


def _decode(one: Arrived) -> Decoded:
    for dialect in DIALECTS:
        device = dialect.device_of(one.topic)
        if device is not None:
            try:
                return Decoded(one, device, dialect.decode(one.payload))
            except Malformed as error:
                return Decoded(one, device, error)
    return Decoded(one, "", Malformed("the topic belongs to no dialect"))
