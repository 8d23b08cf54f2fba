"""What is to be asked when: the earliest due first; who falls behind catches up without a burst."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ingest.spool import Rank

LONGEST_PAUSE_S: Final = 60.0
_PATIENCE = 3  # unanswered in a row, from where on it is asked less often


class Errand(StrEnum):
    """What is asked besides the signals."""

    CODES = "trouble codes"
    LAMP = "lamp and number of codes"
    VOLTAGE = "battery voltage"
    MONITORS = "monitor results"
    SURVEY = "what the car has"


@dataclass(slots=True)
class Entry:
    """A PID of the group `rank`, or an errand; `misses` counts how often in a row nobody answered."""

    what: int | Errand
    period_s: float
    rank: Rank = Rank.KEEP
    due: float = 0.0
    misses: int = 0

    @property
    def pause_s(self) -> float:
        """The period, longer for what the car says it has and does not answer."""
        doubled = self.period_s * 2.0 ** min(max(self.misses - _PATIENCE, 0), 16)
        return max(self.period_s, min(doubled, LONGEST_PAUSE_S))


@dataclass(slots=True)
class Schedule:
    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def beginning(cls, entries: Iterable[Entry], now: float) -> "Schedule":
        """Make all due at once, in the order given."""
        found = list(entries)
        for entry in found:
            entry.due = now
        return cls(found)

    def next(self, now: float) -> Entry | None:
        """Give the entry that has waited longest; None when none is due."""
        first = min(self.entries, key=lambda entry: entry.due, default=None)
        return first if first is not None and first.due <= now else None

    def done(self, entry: Entry, now: float) -> None:
        """Make an entry due again: a period after it was due, or from now if that has passed; missed turns are gone."""
        next_due = entry.due + entry.pause_s
        entry.due = next_due if next_due >= now else now + entry.pause_s

    def wait_s(self, now: float) -> float:
        return max(min((entry.due for entry in self.entries), default=now + 1.0) - now, 0.0)

    def hurry(self, what: Errand, now: float) -> None:
        for entry in self.entries:
            if entry.what is what:
                entry.due = min(entry.due, now)
