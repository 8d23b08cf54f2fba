"""The poll plan: which signals are read how often. A file beside the spool keeps what was ordered, over restarts."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from foundation.refusals import Invalid
from ingest.signals import PIDS, SIGNALS
from ingest.spool import Rank

SHORTEST_S, LONGEST_S = 0.05, 3600.0
FAST_PIDS = (0x0C, 0x0D, 0x04, 0x0B, 0x10, 0x42, 0x06, 0x07, 0x11)
_OVER = "over"  # in the file of an ordered plan: the digest of the file that it was ordered over
log = structlog.get_logger()
_BY_NAME = {"fast": Rank.FAST, "slow": Rank.SLOW}


@dataclass(frozen=True, slots=True)
class Group:
    """Signals that are read every `period_s`; None: all that the car has and the other group does not name."""

    signals: frozenset[str] | None
    period_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    groups: Mapping[Rank, Group]

    def rank_of(self, pid: int) -> Rank | None:
        """Give the group that reads this PID; None: neither does."""
        names = {field.signal for field in PIDS[pid].fields}
        for rank in (Rank.FAST, Rank.SLOW):
            signals = self.groups[rank].signals
            if signals is not None and names & signals:
                return rank
        return next((rank for rank in (Rank.FAST, Rank.SLOW) if self.groups[rank].signals is None), None)

    def period_s(self, rank: Rank) -> float:
        return self.groups[rank].period_s

    def document(self) -> dict[str, Any]:
        """Give the plan as its file and the command carry it."""
        return {
            name: {"period_s": group.period_s} | ({} if group.signals is None else {"signals": sorted(group.signals)})
            for name, group in ((name, self.groups[rank]) for name, rank in _BY_NAME.items())
        }


def _signals(pids: Iterable[int]) -> frozenset[str]:
    return frozenset(field.signal for pid in pids for field in PIDS[pid].fields)


DEFAULT = Plan({Rank.FAST: Group(_signals(FAST_PIDS), 1.0), Rank.SLOW: Group(None, 10.0)})


def read_plan(document: object) -> Plan:
    """Read a plan; a group that is not there reads nothing, one without `signals` all that the other does not name.

    Raises `Invalid` in one sentence for anything that is no plan, and for a signal that no PID carries.
    """
    if not isinstance(document, dict) or not set(document) <= set(_BY_NAME) or not document:
        raise Invalid("a poll plan has the groups fast and slow, or one of them")
    groups = {rank: _group(name, document.get(name)) for name, rank in _BY_NAME.items()}
    if all(group.signals is None for group in groups.values()):
        raise Invalid("one group of a poll plan must name its signals")
    if not any(group.signals is None or group.signals for group in groups.values()):
        raise Invalid("a poll plan reads at least one signal")
    return Plan(groups)


def _group(name: str, given: object) -> Group:
    if given is None:
        return Group(frozenset(), LONGEST_S)
    if not isinstance(given, dict) or not set(given) <= {"signals", "period_s"}:
        raise Invalid(f"the group {name} of a poll plan has signals and period_s, nothing else")
    period = given.get("period_s")
    if isinstance(period, bool) or not isinstance(period, int | float) or not SHORTEST_S <= period <= LONGEST_S:
        raise Invalid(f"the group {name} of a poll plan: period_s is no number from {SHORTEST_S} to {LONGEST_S:g}")
    signals = given.get("signals")
    if signals is None:
        return Group(None, float(period))
    if not isinstance(signals, list) or not all(isinstance(signal, str) for signal in signals):
        raise Invalid(f"the group {name} of a poll plan: signals is no list of names")
    if strangers := sorted(set(signals) - _signals(PIDS)):
        known = [it for it in strangers if it in SIGNALS]
        reason = f"no PID carries {known[0]}" if known else f"there is no signal called {strangers[0][:64]!r}"
        raise Invalid(f"the group {name} of a poll plan: {reason}")
    return Group(frozenset(signals), float(period))


def load_plan(path: Path) -> Plan:
    """Read a plan's file; `Invalid` names the file."""
    try:
        document = json.loads(path.read_text("utf-8"))
        if isinstance(document, dict):
            document.pop(_OVER, None)
        return read_plan(document)
    except (ValueError, OSError) as error:
        raise Invalid(f"{path} is no poll plan: {error}") from error
    except Invalid as error:
        raise Invalid(f"{path}: {error.detail}") from error


def save_plan(path: Path, plan: Plan, over: Path | None) -> None:
    """Write an ordered plan so that it is there, old or new, after a power cut. `over`: the file that it replaces."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(plan.document() | {_OVER: _digest(over)}, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def plan_in_force(kept: Path, given: Path | None) -> Plan:
    """Give the plan that was ordered last, unless the given file has changed since; without either the default."""
    if kept.exists():
        try:
            plan = load_plan(kept)
            if json.loads(kept.read_text("utf-8")).get(_OVER) == _digest(given):
                return plan
        except Invalid as error:
            log.warning("edge.plan_unreadable", reason=error.detail)
    return DEFAULT if given is None else load_plan(given)


def _digest(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
