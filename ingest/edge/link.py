"""Questions to the control units through one adapter: paced, matched, and what is odd about the answers is counted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from ingest.edge.adapter import Adapter, AdapterGone, AdapterSilent
from ingest.edge.lines import RESET
from ingest.edge.replies import Replies, read_replies
from ingest.edge.times import Times

TIMEOUT_S = 5.0
PENDING_RETRIES = 2
_MOST_SILENCE = 3  # unanswered in a row: the adapter hangs
_TELL_S = 60.0
_MOST_KINDS = 100
_OTHERS = "others"
log = structlog.get_logger()


@dataclass(slots=True)
class Tally:
    """Counts the questions, and by kind what was refused, which the log tells at most once a minute a kind.

    No reply goes in there: it may be the VIN.
    """

    requests: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    _told: dict[str, tuple[float, int]] = field(default_factory=dict)

    def count(self, warning: str, now: float) -> None:
        kind = warning.partition(": ")[0]
        if kind not in self.refused and len(self.refused) >= _MOST_KINDS:
            kind = _OTHERS
        self.refused[kind] += 1
        told_at, told = self._told.get(kind, (float("-inf"), 0))
        if now - told_at >= _TELL_S:
            self._told[kind] = now, self.refused[kind]
            log.warning("edge.reply_refused", reason=kind, times=self.refused[kind] - told)


class Link:
    """One connection to a car, at most `rate` questions a second."""

    def __init__(self, adapter: Adapter, times: Times, rate: float, tally: Tally) -> None:
        self._adapter, self._times, self._tally = adapter, times, tally
        self._pause_s = 1 / rate
        self._next_at = 0.0
        self._silences = 0
        self.asked_at = 0.0  # the middle of the last question and its answer

    def ask(self, request: bytes, timeout_s: float = TIMEOUT_S) -> Replies:
        """Ask and give what came back, nothing where the adapter stayed silent; raises `AdapterGone`.

        Who promised an answer (7F xx 78) is asked again, with an adapter that waits longer.
        """
        replies = self._ask(request, timeout_s)
        for _ in range(PENDING_RETRIES):
            if not replies.pending - {it.ecu for it in replies.payloads}:
                return replies
            with self.patient():
                again = self._ask(request, timeout_s)
            if again.payloads or again.negatives:
                replies = again
        return replies

    def ask_once(self, request: bytes, timeout_s: float = TIMEOUT_S) -> Replies:
        """Ask what must not be asked twice."""
        with self.patient():
            return self._ask(request, timeout_s)

    def patient(self) -> "_Patience":
        """Let the adapter wait for the control units as long as it can."""
        return _Patience(self._setting)

    def voltage(self) -> float | None:
        try:
            volts = self._adapter.voltage()
        except AdapterSilent as silent:
            self._silent(silent)
            return None
        self._silences = 0
        return volts

    def _ask(self, request: bytes, timeout_s: float) -> Replies:
        self._pace()
        begun = self._times.monotonic()
        self._next_at = begun + self._pause_s
        try:
            lines = self._adapter.request(request.hex().upper(), timeout_s)
        except AdapterSilent as silent:
            self._silent(silent)
            lines = []
        else:
            self._silences = 0
        ended = self._times.monotonic()
        self.asked_at = (begun + ended) / 2
        self._tally.requests += 1
        replies = read_replies(request, lines)
        for warning in replies.warnings:
            self._tally.count(warning, ended)
        if not RESET.isdisjoint(replies.notices):
            raise AdapterGone("the adapter has restarted and forgotten its settings")
        return replies

    def _setting(self, command: str) -> None:
        try:
            self._adapter.request(command, TIMEOUT_S)
        except AdapterSilent as silent:
            self._silent(silent)

    def _silent(self, silent: AdapterSilent) -> None:
        self._silences += 1
        self._tally.count("no prompt within the time", self._times.monotonic())
        if self._silences >= _MOST_SILENCE:
            raise AdapterGone(f"the adapter hangs: {silent}") from silent

    def _pace(self) -> None:
        while (left := self._next_at - self._times.monotonic()) > 0:
            self._times.sleep(left)


class _Patience:
    """While it is entered, the adapter waits 1020 ms for each reply; afterwards its default of 200 ms."""

    def __init__(self, set_to: Callable[[str], None]) -> None:
        self._set_to = set_to

    def __enter__(self) -> None:
        self._set_to("ATSTFF")

    def __exit__(self, *_: object) -> None:
        self._set_to("ATST32")
