"""The port to a platform that keeps cars' electronic repair records (JT/T 1132), and how it fails.

RecordError
├── NoAnswerError   nobody knows whether it arrived: sent again later, under the same number
└── NotTakenError   it will not be taken as it is: a person has to look
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aftersales.settlement.records import RepairRecord


class RecordError(Exception):
    """`word` is ours, for logs and the workshop's page."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class NoAnswerError(RecordError):
    """The platform was not reached, or did not say what became of the record."""


class NotTakenError(RecordError):
    """The platform refused; `words` are its own, as far as it said any."""

    def __init__(self, word: str, words: str = "") -> None:
        super().__init__(word)
        self.words = words


@dataclass(frozen=True, slots=True)
class Company:
    """What a workshop is to its platform; the password shows in no log."""

    url: str
    code: str
    password: str = field(repr=False)


class RecordPlatform(Protocol):
    """One province's platform as one workshop reaches it; an adapter file each, and a row in `provinces.py`.

    It must never invent what a record does not say, and must be safe to ask again: a record that the platform has
    already, by the number of its sheet, counts as reported.
    """

    @property
    def name(self) -> str:
        """The name of its row."""

    def report(self, record: RepairRecord) -> str | None:
        """Report a repair; gives what the platform calls the record, if it says.

        Raises `NoAnswerError`, `NotTakenError`. Takes well under the lease of a record (`records.LEASE`).
        """
        ...


Platforms = Mapping[str, RecordPlatform]  # by the id of the workshop
