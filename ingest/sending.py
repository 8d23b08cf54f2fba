"""The way of approved commands to their devices and of the results back, and the end of those that nobody answered.

A command is marked as sent before it is published, and published again until its result comes: a worker that is
killed in between loses nothing, and the device carries out an id once.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update

from foundation.database import UnitOfWork
from ingest.batch import from_us
from ingest.commands import (
    OPEN,
    RESULTS,
    CommandKind,
    CommandState,
    Side,
    accounts_that_agreed,
    change,
    tell,
)
from ingest.commit import Reply
from ingest.envelope import Outcome
from ingest.gate import AcceptedResult
from ingest.rejected import Reason, Rejection
from ingest.tables import commands, device_states, devices
from ingest.topics import Kind, topic_of

VALID = timedelta(minutes=10)  # from the first sending; a device that hears it later leaves it alone
FIRST_RESEND = timedelta(seconds=2)
LONGEST_RESEND = timedelta(seconds=60)
LOOK_AGAIN = timedelta(seconds=2)  # while no device of the car is online
BATCH = 100
WORKER = "ingest"  # the actor of what nobody did in person
CLEARED = "cleared"  # what an ECU did that answered 44


def send_due(unit: UnitOfWork) -> list[Reply]:
    """Mark the commands that are due as sent; gives them for publishing once this unit has committed."""
    now = unit.now()
    due = unit.connection.execute(
        select(commands)
        .where(
            commands.c.state.in_([CommandState.APPROVED, CommandState.SENT]),
            commands.c.due_at <= now,
            commands.c.expires_at > now,
        )
        .order_by(commands.c.due_at, commands.c.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    if not due:
        return []
    online = _online(unit, sorted({row.vehicle for row in due}))
    agreed = accounts_that_agreed(unit, [row.id for row in due])
    sent = []
    for row in sorted(due, key=lambda it: (it.vehicle, it.id)):
        device = _device_for(row, online.get(row.vehicle, []))
        if device is None:
            _put_off(unit, row, now + LOOK_AGAIN)
        elif row.state == CommandState.APPROVED:
            row_ = change(
                unit,
                row,
                CommandState.SENT,
                device=device,
                sends=1,
                sent_at=now,
                expires_at=now + VALID,
                due_at=now + FIRST_RESEND,
            )
            tell(unit, row_, "command_sent", WORKER, device=device)
            sent.append(_message(row_, agreed[row.id], now))
        else:
            _put_off(unit, row, now + min(FIRST_RESEND * 2 ** min(row.sends, 10), LONGEST_RESEND), row.sends + 1)
            sent.append(_message(row, agreed[row.id], now))
    return sent


def take_results(unit: UnitOfWork, results: Sequence[AcceptedResult]) -> list[Rejection]:
    """Keep what came of commands; gives the results that belong to no command of their device.

    The first result of a command stands: a device answers every repeated delivery with what it kept.
    """
    if not results:
        return []
    wanted = sorted({one.result.id for one in results})
    chosen = select(commands).where(commands.c.id.in_(wanted)).order_by(commands.c.id).with_for_update()
    known = {row.id: row for row in unit.connection.execute(chosen)}
    strangers = []
    for one in sorted(results, key=lambda it: it.origin.vehicle):
        row = known.get(one.result.id)
        if row is None or row.device != one.origin.device or row.kind != one.result.kind or row.sends == 0:
            detail = f"no {one.result.kind} of this id was sent to this device"
            strangers.append(Rejection(one.message, Reason.UNKNOWN_COMMAND, None, 0, detail))
        elif row.state not in RESULTS:
            known[row.id] = _keep(unit, row, one)
    return strangers


def expire_commands(unit: UnitOfWork) -> int:
    """End what nobody agreed to or answered in time; gives how many. A locked one is being decided on right now."""
    over = unit.connection.execute(
        select(commands)
        .where(commands.c.state.in_(sorted(OPEN)), commands.c.expires_at <= unit.now())
        .order_by(commands.c.expires_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for row in sorted(over, key=lambda it: (it.vehicle, it.id)):
        tell(unit, change(unit, row, CommandState.EXPIRED), "command_expired", WORKER, was=row.state)
    return len(over)


def _keep(unit: UnitOfWork, row: Row[Any], one: AcceptedResult) -> Row[Any]:
    told = one.result
    outcome = told.outcome
    if row.kind == CommandKind.CLEAR_DTCS and outcome is Outcome.DONE and CLEARED not in told.ecus.values():
        outcome = Outcome.UNKNOWN  # no ECU answered 44: whatever the device thinks, that is not cleared
    document = {
        "outcome": outcome.value,
        "told": told.outcome.value,
        "detail": told.detail,
        "ecus": dict(told.ecus),
        "replies": list(told.replies),
        "at": from_us(one.at_us).isoformat(),
    }
    moved = change(unit, row, CommandState(outcome.value), result=document, result_at=unit.now())
    tell(unit, moved, "command_result", one.origin.device, outcome=outcome.value)
    return moved


def _online(unit: UnitOfWork, vehicles: Sequence[str]) -> dict[str, list[str]]:
    """Give the devices of these vehicles that are online, the one that spoke last first."""
    rows = unit.connection.execute(
        select(devices.c.vehicle, devices.c.id)
        .join(device_states, device_states.c.device == devices.c.id)
        .where(devices.c.vehicle.in_(vehicles), devices.c.revoked_at.is_(None), device_states.c.online)
        .order_by(device_states.c.reported_at.desc(), devices.c.id)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.vehicle, []).append(row.id)
    return found


def _device_for(row: Row[Any], online: Sequence[str]) -> str | None:
    """Give the device to send to: the one that was asked for or sent to, else the one online that spoke last.

    A command that was sent stays with its device and waits for it: two devices must not both carry it out.
    """
    if row.device is None:
        return online[0] if online else None
    return str(row.device) if row.device in online else None


def _put_off(unit: UnitOfWork, row: Row[Any], until: datetime, sends: int | None = None) -> None:
    values = {"due_at": until} if sends is None else {"due_at": until, "sends": sends}
    unit.connection.execute(update(commands).where(commands.c.id == row.id).values(**values))


def _message(row: Row[Any], agreed: Mapping[str, str], now: datetime) -> Reply:
    """Give the command as its device reads it; it counts down `valid_s` by itself, whatever its clock says."""
    document: dict[str, Any] = {
        "id": row.id,
        "kind": row.kind,
        "valid_s": max(1, int((row.expires_at - now).total_seconds())),
    }
    if row.plan is not None:
        document["plan"] = row.plan
    if row.kind == CommandKind.CLEAR_DTCS:
        document["authority"] = {"owner": agreed[Side.OWNER], "technician": agreed[Side.WORKSHOP]}
    return Reply(topic_of(row.device, Kind.COMMAND), json.dumps(document).encode())
