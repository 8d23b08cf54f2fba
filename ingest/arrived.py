"""A message as it arrived, before anybody has read it."""

from datetime import datetime

from msgspec import Struct


class Arrived(Struct, frozen=True):
    """One delivery. `at` is the arrival time (aware UTC); `retained`: the broker gave it from memory, it is not live.

    `token` is what the source needs to acknowledge it.
    """

    topic: str
    payload: bytes
    at: datetime
    retained: bool = False
    token: object = None
