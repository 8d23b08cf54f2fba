"""Stock as simply as it can be said: lists and sums in memory, to hold the real one against."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime

from parts_catalog.warehouse.locking import Key


@dataclass
class Hold:
    holder: str
    key: Key
    pieces: int
    until: datetime | None


@dataclass
class Coming:
    key: Key
    pieces: int
    day: date


def last(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)


@dataclass
class Model:
    """`holds` and `waits` (in the order of asking) keep what is overdue until something sweeps its place."""

    now: datetime
    on_hand: dict[Key, int] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    waits: list[Hold] = field(default_factory=list)
    coming: dict[str, Coming] = field(default_factory=dict)

    def overdue(self, one: Hold) -> bool:
        return one.until is not None and one.until <= self.now

    def sweep_holds(self, keys: Collection[Key]) -> None:
        self.holds = [one for one in self.holds if not (one.key in keys and self.overdue(one))]

    def sweep_waits(self, keys: Collection[Key]) -> None:
        self.waits = [one for one in self.waits if not (one.key in keys and self.overdue(one))]

    def free(self, key: Key) -> int:
        held = sum(one.pieces for one in self.holds if one.key == key and not self.overdue(one))
        return self.on_hand.get(key, 0) - held

    def expired(self, holder: str) -> bool:
        return any(one.holder == holder and self.overdue(one) for one in (*self.holds, *self.waits))

    def held_at(self, holder: str, parts: Collection[str]) -> set[Key]:
        return {one.key for one in self.holds if one.holder == holder and one.key[0] in parts}

    def on_the_way(self, key: Key) -> int:
        return sum(one.pieces for one in self.coming.values() if one.key == key)

    def awaited(self, key: Key) -> int:
        return sum(one.pieces for one in self.waits if one.key == key)

    def reserve(self, wanted: dict[Key, int], holder: str, until: datetime | None) -> bool:
        parts = {part for part, _ in wanted}
        before = self.held_at(holder, parts)
        left = [one for one in self.holds if not (one.holder == holder and one.key in before)]
        taken = {key: sum(one.pieces for one in left if one.key == key and not self.overdue(one)) for key in wanted}
        enough = all(self.on_hand.get(key, 0) - taken[key] >= pieces for key, pieces in wanted.items())
        if enough or not before:
            awaited = {one.key for one in self.waits if one.holder == holder and one.key[0] in parts}
            self.sweep_holds({*wanted, *before, *awaited})
        if enough:
            self.holds = [one for one in self.holds if not (one.holder == holder and one.key in before)]
            self.holds += [Hold(holder, key, pieces, until) for key, pieces in wanted.items()]
        return enough

    def wait_for(self, wanted: dict[Key, int], holder: str, until: datetime | None) -> bool:
        parts = {part for part, _ in wanted}
        mine = [one for one in self.waits if one.holder == holder and one.key[0] in parts]
        keys = {*wanted, *(one.key for one in mine)}
        self.sweep_holds(keys)
        before = self.waits
        self.waits = [one for one in self.waits if one not in mine]
        self.sweep_waits(keys)
        if all(self.on_the_way(key) - self.awaited(key) >= pieces for key, pieces in wanted.items()):
            self.waits += [Hold(holder, key, pieces, until) for key, pieces in sorted(wanted.items())]
            return True
        self.waits = before
        return False

    def end(self, holder: str) -> None:
        self.holds = [one for one in self.holds if one.holder != holder]
        self.waits = [one for one in self.waits if one.holder != holder]

    def issue(self, holder: str) -> None:
        for one in self.holds:
            if one.holder == holder:
                self.on_hand[one.key] -= one.pieces
        self.end(holder)

    def put(self, key: Key, pieces: int) -> bool:
        """Put pieces there (fewer than none: take free ones), as far as that leaves every hold its own."""
        self.sweep_holds([key])
        if self.free(key) + pieces < 0:
            return False
        self.on_hand[key] = self.on_hand.get(key, 0) + pieces
        return True

    def fill(self, key: Key) -> None:
        self.sweep_waits([key])
        filled: dict[str, Hold] = {}
        for wait in [one for one in self.waits if one.key == key]:
            pieces = min(wait.pieces, self.free(key) - sum(one.pieces for one in filled.values()))
            if pieces <= 0:
                continue
            wait.pieces -= pieces
            mine = filled.setdefault(wait.holder, Hold(wait.holder, key, 0, wait.until))
            mine.pieces, mine.until = mine.pieces + pieces, last(mine.until, wait.until)
        self.waits = [one for one in self.waits if one.pieces]
        for new in filled.values():
            old = next((one for one in self.holds if (one.holder, one.key) == (new.holder, key)), None)
            if old is None:
                self.holds.append(new)
            else:
                old.pieces, old.until = old.pieces + new.pieces, last(old.until, new.until)

    def days(self) -> list[date]:
        """Give for each that waits the day of the delivery that covers him, when those before him have had theirs."""
        found = []
        for at, wait in enumerate(self.waits):
            need = sum(one.pieces for one in self.waits[: at + 1] if one.key == wait.key)
            for one in sorted((one for one in self.coming.values() if one.key == wait.key), key=lambda one: one.day):
                need -= one.pieces
                if need <= 0:
                    found.append(one.day)
                    break
        return found
