"""Commands from the server: carried out once each, between two polls; what came of one is kept and told again.

    arrives ─▶ begun (written down) ─▶ carried out ─▶ result written down ─▶ result spooled ─▶ told (written down)

A process that is killed on this way finds on its next start what was begun and never ended: that is `unknown`, and is
not carried out again. A result that was written down and not yet told is told then.
"""

import json
import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from foundation.refusals import Invalid
from ingest.edge.plan import Plan, read_plan
from ingest.edge.spooling import Outbox
from ingest.edge.times import Times
from ingest.envelope import Outcome
from ingest.spool import Spool
from ingest.topics import is_id

DEFAULT_VALID_S: Final = 600.0
MOST_KEPT: Final = 500  # results; the oldest are forgotten
MOST_WAITING: Final = 100
POLL_PLAN, SNAPSHOT, CLEAR_DTCS = "poll_plan", "snapshot", "clear_dtcs"
KINDS = frozenset({POLL_PLAN, SNAPSHOT, CLEAR_DTCS})
_KEY = "command:"
_BEGUN = "begun"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it came; `until` is when it is not to be begun any more, by the clock that never jumps."""

    id: str
    kind: str
    until: float
    document: Mapping[str, Any]

    def plan(self) -> Plan:
        return read_plan(self.document.get("plan"))

    def lacks_authority(self) -> str | None:
        """Say what is missing for clearing codes: the owner's and a technician's word, of two persons."""
        given = self.document.get("authority")
        given = given if isinstance(given, dict) else {}
        owner, technician = (given.get(side) for side in ("owner", "technician"))
        if not all(isinstance(it, str) and is_id(it) for it in (owner, technician)):
            return "clearing codes needs the authority of the owner and of a technician"
        return "the owner and the technician are the same account" if owner == technician else None


@dataclass(frozen=True, slots=True)
class Result:
    outcome: Outcome
    detail: str
    ecus: Mapping[str, str] = field(default_factory=dict)
    replies: tuple[str, ...] = ()


Work = Callable[[Command], Result]


def read_command(document: object, now: float) -> Command | None:
    """Read a command; None (and a line in the log) for what cannot even be answered."""
    if not isinstance(document, dict):
        log.warning("edge.command_not_understood", reason="it is no object")
        return None
    id_, kind, valid = document.get("id"), document.get("kind"), document.get("valid_s", DEFAULT_VALID_S)
    if not (isinstance(id_, str) and is_id(id_) and isinstance(kind, str) and is_id(kind)):
        log.warning("edge.command_not_understood", reason="id or kind is no name")
        return None
    if isinstance(valid, bool) or not isinstance(valid, int | float) or not 0 < valid <= 86_400:
        log.warning("edge.command_not_understood", reason="valid_s is no number of seconds", id=id_)
        return None
    return Command(id_, kind, now + valid, document)


class Desk:
    """The commands that wait, and the results of those that were begun.

    `hear` is called by the publisher's thread, everything else by the poller's.
    """

    def __init__(self, spool: Spool, outbox: Outbox, times: Times) -> None:
        self._spool, self._outbox, self._times = spool, outbox, times
        self._heard: queue.Queue[tuple[object, float]] = queue.Queue(MOST_WAITING)
        self._waiting: list[Command] = []

    def hear(self, document: object) -> None:
        try:
            self._heard.put_nowait((document, self._times.monotonic()))
        except queue.Full:
            log.warning("edge.command_lost", reason="too many at once; the server sends it again")

    def settle(self) -> None:
        """Tell, after a start, what a killed process left: what it began and what it did not get to tell."""
        for key, text in self._spool.all_kept(_KEY).items():
            id_, kept = key.removeprefix(_KEY), json.loads(text)
            if kept["state"] == _BEGUN:
                self._end(Command(id_, kept["kind"], 0.0, {}), Result(Outcome.UNKNOWN, _INTERRUPTED))
            elif not kept["told"]:
                self._tell(id_, kept)

    def next(self) -> Command | None:
        """Give the next command that may be begun; what is refused, over or was answered before is dealt with here."""
        while not self._heard.empty():
            document, at = self._heard.get_nowait()
            command = read_command(document, at)
            if command is not None and command.id not in {it.id for it in self._waiting}:
                self._waiting.append(command)
        while self._waiting:
            command = self._waiting[0]
            kept = self._spool.kept(_KEY + command.id)
            if kept is not None:
                self._tell(command.id, json.loads(kept))
            elif self._times.monotonic() > command.until:
                self._end(command, Result(Outcome.FAILED, "it could not be carried out within its time"))
            elif refusal := _refusal(command):
                self._end(command, Result(Outcome.REFUSED, refusal))
            else:
                return command
            self._waiting.remove(command)
        return None

    def carry_out(self, command: Command, work: Work) -> None:
        """Begin the command, and keep and tell what comes of it; an exception of `work` goes on after that."""
        if not self._spool.keep(_KEY + command.id, json.dumps({"state": _BEGUN, "kind": command.kind})):
            log.warning("edge.command_not_begun", id=command.id, reason="the disk takes no writes")
            return  # what cannot be written down could be done twice; it waits
        self._waiting.remove(command)
        log.info("edge.command_begun", id=command.id, kind=command.kind, authority=command.document.get("authority"))
        result = Result(Outcome.UNKNOWN, _BROKEN)
        try:
            result = work(command)
        finally:
            self._end(command, result)

    def _end(self, command: Command, result: Result) -> None:
        log.info("edge.command_ended", id=command.id, kind=command.kind, outcome=result.outcome.value)
        kept = {
            "state": "ended",
            "kind": command.kind,
            "outcome": result.outcome.value,
            "detail": result.detail,
            "ecus": dict(result.ecus),
            "replies": list(result.replies),
            "told": False,
        }
        self._spool.keep(_KEY + command.id, json.dumps(kept))
        self._tell(command.id, kept)
        for key in list(self._spool.all_kept(_KEY))[:-MOST_KEPT]:
            self._spool.forget(key)

    def _tell(self, id_: str, kept: dict[str, Any]) -> None:
        if kept["state"] == _BEGUN:
            return
        outcome = Outcome(kept["outcome"])
        self._outbox.result(id_, kept["kind"], outcome, kept["detail"], kept["ecus"], tuple(kept["replies"]))
        self._spool.keep(_KEY + id_, json.dumps(kept | {"told": True}))


_INTERRUPTED = "it was begun, and the car end stopped before its end"
_BROKEN = "the adapter was lost before its end"


def _refusal(command: Command) -> str | None:
    """Say why a command is not to be begun at all."""
    if command.kind not in KINDS:
        return "this car end does not know such a command"
    if command.kind == CLEAR_DTCS:
        return command.lacks_authority()
    if command.kind == POLL_PLAN:
        try:
            command.plan()
        except Invalid as error:
            return error.detail
    return None
