"""The contract of a dialect: how one maker's devices write their messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.arrived import Arrived
from ingest.envelope import Malformed, Message, Status
from ingest.topics import Kind, filter_of, http_filter, is_id, parse_http_topic, parse_topic

Told = Message | Status | Malformed


class Dialect(Protocol):
    """One format of payload. Stateless: what a delivery says is a function of its topic, bytes and arrival alone."""

    @property
    def name(self) -> str:
        """A short name, unique among the dialects."""
        ...

    @property
    def subscription(self) -> str:
        """The MQTT topic filter on which this dialect arrives."""
        ...

    def device_of(self, topic: str) -> str | None:
        """Give the device that a topic names; None when the topic is not this dialect's."""
        ...

    def read(self, arrived: Arrived) -> Sequence[Told]:
        """Read one delivery: one message or several, none without an identity unless it is a status or malformed.

        Values become physical, in our units. A missing value is NaN. A value that is there but not finite is infinity,
        so that the gate rejects it alone and keeps its siblings. What breaks the format raises `Malformed`, or is one
        among the messages where the others still hold. Nothing else may escape, whatever the bytes.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ours:
    """A dialect on one of our own topics: one payload is one message."""

    kind: Kind
    decode: Callable[[bytes], Message | Status]

    @property
    def name(self) -> str:
        return f"forecourt {self.kind}"

    @property
    def subscription(self) -> str:
        return filter_of(self.kind)

    def device_of(self, topic: str) -> str | None:
        parsed = parse_topic(topic)
        return parsed[0] if parsed is not None and parsed[1] is self.kind else None

    def read(self, arrived: Arrived) -> Sequence[Told]:
        return (self.decode(arrived.payload),)


@dataclass(frozen=True, slots=True)
class Makers:
    """A maker's dialect on topics of its own: `{root}/{device}/...`."""

    name: str
    reader: Callable[[Arrived], Sequence[Told]]

    @property
    def subscription(self) -> str:
        return f"{self.name}/+/#"

    def device_of(self, topic: str) -> str | None:
        root, _, rest = topic.partition("/")
        device, slash, _ = rest.partition("/")
        return device if root == self.name and slash and is_id(device) else None

    def read(self, arrived: Arrived) -> Sequence[Told]:
        return self.reader(arrived)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A dialect that comes by HTTP: our API publishes it on `fc/v1/{device}/http/{name}`."""

    name: str
    reader: Callable[[Arrived], Sequence[Told]]

    @property
    def subscription(self) -> str:
        return http_filter(self.name)

    def device_of(self, topic: str) -> str | None:
        parsed = parse_http_topic(topic)
        return parsed[0] if parsed is not None and parsed[1] == self.name else None

    def read(self, arrived: Arrived) -> Sequence[Told]:
        return self.reader(arrived)
