"""The contract of a dialect: how one maker's devices write their messages."""

from typing import Protocol

from ingest.envelope import Message, Status


class Dialect(Protocol):
    """One format of payload. Stateless: what a message says is a function of its bytes alone."""

    @property
    def name(self) -> str:
        """A short name, unique among the dialects; it appears in the record of rejected messages."""
        ...

    @property
    def subscription(self) -> str:
        """The MQTT topic filter on which this dialect arrives."""
        ...

    def device_of(self, topic: str) -> str | None:
        """Give the device that a topic names; None when the topic is not this dialect's."""
        ...

    def decode(self, payload: bytes) -> Message | Status:
        """Read one payload. Values become physical, in our units; what breaks the format raises `Malformed`.

        A missing value is NaN. A value that is there but not finite is infinity, so that the gate rejects it alone and
        keeps its siblings. Nothing but `Malformed` may escape, whatever the bytes.
        """
        ...
