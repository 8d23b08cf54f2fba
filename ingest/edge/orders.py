"""What a command does at the car: a snapshot of everything, and clearing the trouble codes."""

from typing import Protocol

from ingest.edge.adapter import AdapterTrouble
from ingest.edge.batches import Batch
from ingest.edge.commands import Result
from ingest.edge.link import Link
from ingest.edge.spooling import Outbox
from ingest.edge.survey import Car, CodeReport
from ingest.edge.times import Instant
from ingest.edge.trouble_codes import cleared
from ingest.envelope import Outcome

CLEAR = b"\x04"
CLEAR_S = 10.0
CLEARED, SILENT = "cleared", "no answer"


class AtTheCar(Protocol):
    """What an order needs of a session."""

    link: Link
    car: Car

    @property
    def outbox(self) -> Outbox: ...

    def survey(self) -> None: ...

    def report_codes(self, *, with_frames: bool = False) -> CodeReport: ...

    def read(self, pid: int) -> tuple[Instant, list[tuple[str, float]], bool]: ...


def snapshot(at: AtTheCar) -> Result:
    """Read every PID with signals once, and the codes, and send them."""
    batch: Batch | None = None
    count = 0
    try:
        if not at.car.supported:
            at.survey()
        pids = at.car.pids()
        for pid in pids:
            moment, found, _ = at.read(pid)
            if found:
                batch = batch or Batch(moment)
                batch.add(moment.at, found)
                count += len(found)
        at.report_codes()
    except AdapterTrouble as trouble:
        return Result(Outcome.FAILED, f"the adapter was lost: {trouble}")
    finally:
        if batch is not None:
            at.outbox.snapshot(batch)
    if not count:
        return Result(Outcome.FAILED, "the car gave no value")
    return Result(Outcome.DONE, f"{count} signals of {len(pids)} PIDs were read")


def clear_codes(at: AtTheCar) -> Result:
    """Clear the codes of all control units, reporting them before and after. Only 44 means cleared (SAE J1979)."""
    try:
        before = at.report_codes(with_frames=True)
    except AdapterTrouble as trouble:
        return Result(Outcome.FAILED, f"the adapter was lost before anything was sent: {trouble}")
    try:
        replies = at.link.ask_once(CLEAR, CLEAR_S)
    except AdapterTrouble as trouble:
        return Result(Outcome.UNKNOWN, f"the adapter was lost before an answer came: {trouble}")
    told = dict(cleared(replies))
    for ecu, answers in before.ecus.items():
        if any(codes is not None for codes in answers.values()):
            told.setdefault(ecu, SILENT)
    result = _judge(told, replies.lines)
    try:
        at.report_codes()
    except AdapterTrouble:
        return result  # what was answered was answered; the next question finds the adapter gone
    return result


def _judge(told: dict[str, str], lines: tuple[str, ...]) -> Result:
    done = [ecu for ecu, deed in told.items() if deed == CLEARED]
    refused = [ecu for ecu, deed in told.items() if deed not in {CLEARED, SILENT}]
    if refused:
        return Result(Outcome.FAILED, f"{', '.join(refused)} refused", told, lines)
    if done and len(done) == len(told):
        return Result(Outcome.DONE, f"{', '.join(done)} cleared the codes", told, lines)
    return Result(Outcome.UNKNOWN, "not every control unit answered", told, lines)
