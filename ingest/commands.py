"""Commands to a car: who may ask, who must agree, and every state and legal move on one screen.

A snapshot or a poll plan needs one side: the owner's, or a workshop's to which the vehicle is open. Clearing trouble
codes needs both: an owner or fleet operator of the vehicle's organisation, and a technician or manager of a workshop
to which the vehicle is open. Either begins, the other approves; until then nothing is sent. No administrator stands in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork, new_id
from foundation.events import append
from foundation.grants import is_open_to, visible
from foundation.identity import OWNER_ROLES, WORKSHOP_ROLES, Actor, Role, open_accounts
from foundation.paging import DEFAULT_LIMIT, Page, cut, read_cursor
from foundation.refusals import Conflict, Forbidden, Invalid, NotFound
from ingest.tables import command_approvals, commands, devices
from ingest.vehicles import Vehicle, VehicleDirectory

APPROVAL_LIFE = timedelta(hours=24)  # to agree, and to find the car awake
MOST_OPEN = 20  # per vehicle


class CommandKind(StrEnum):
    SNAPSHOT = "snapshot"
    POLL_PLAN = "poll_plan"
    CLEAR_DTCS = "clear_dtcs"


class CommandState(StrEnum):
    AWAITING_OWNER = "awaiting_owner"  # the workshop asks; nothing is sent
    AWAITING_WORKSHOP = "awaiting_workshop"  # the owner asks; nothing is sent
    APPROVED = "approved"  # to be sent as soon as a device of the car is online
    SENT = "sent"  # and sent again until the device answers
    DONE = "done"  # as the device told, by the car's own replies
    REFUSED = "refused"  # by the car or its device
    FAILED = "failed"
    UNKNOWN = "unknown"  # it was begun, and nobody can say what came of it
    DECLINED = "declined"
    EXPIRED = "expired"


_S = CommandState
RESULTS = frozenset({_S.DONE, _S.REFUSED, _S.FAILED, _S.UNKNOWN})
MOVES: Mapping[CommandState, frozenset[CommandState]] = {
    _S.AWAITING_OWNER: frozenset({_S.APPROVED, _S.DECLINED, _S.EXPIRED}),
    _S.AWAITING_WORKSHOP: frozenset({_S.APPROVED, _S.DECLINED, _S.EXPIRED}),
    _S.APPROVED: frozenset({_S.SENT, _S.DECLINED, _S.EXPIRED}),
    _S.SENT: RESULTS | {_S.EXPIRED},
    _S.EXPIRED: RESULTS,  # a device that was sent it may tell late what it did
    **dict.fromkeys((*RESULTS, _S.DECLINED), frozenset()),
}
OPEN = frozenset({_S.AWAITING_OWNER, _S.AWAITING_WORKSHOP, _S.APPROVED, _S.SENT})


class Side(StrEnum):
    OWNER = "owner"
    WORKSHOP = "workshop"


@dataclass(frozen=True, slots=True)
class Authority:
    """Who speaks for each side, and whether both must. `stand_in`: an administrator of the side may, too."""

    owner: frozenset[Role]
    workshop: frozenset[Role]
    both: bool
    stand_in: bool


_ONE_SIDE = Authority(OWNER_ROLES, WORKSHOP_ROLES, both=False, stand_in=True)
AUTHORITIES: Mapping[CommandKind, Authority] = {
    CommandKind.SNAPSHOT: _ONE_SIDE,
    CommandKind.POLL_PLAN: _ONE_SIDE,
    CommandKind.CLEAR_DTCS: Authority(
        OWNER_ROLES, frozenset({Role.TECHNICIAN, Role.WORKSHOP_MANAGER}), both=True, stand_in=False
    ),
}
_AWAITS = {Side.OWNER: _S.AWAITING_WORKSHOP, Side.WORKSHOP: _S.AWAITING_OWNER}  # who has spoken: who is missing
_ANSWERS = {_S.AWAITING_OWNER: Side.OWNER, _S.AWAITING_WORKSHOP: Side.WORKSHOP}


def ask(
    unit: UnitOfWork,
    actor: Actor,
    directory: VehicleDirectory,
    vehicle: str,
    kind: CommandKind,
    *,
    plan: dict[str, Any] | None = None,
    device: str | None = None,
) -> dict[str, Any]:
    """Ask something of a car; it is sent when all have agreed who must. Gives the command.

    `plan` is for a poll plan alone, and needed there. Raises `Conflict` when its codes are about to be cleared already.
    """
    car = directory.get(unit, actor, vehicle)
    side = _speaks_for(unit, actor, car, kind)
    if (kind is CommandKind.POLL_PLAN) != (plan is not None):
        raise Invalid("a plan belongs to a poll_plan, and to nothing else", why="not_of_this_page")
    if device is not None:
        _check_device(unit, car, device)
    open_ones = select(func.count()).where(commands.c.vehicle == vehicle, commands.c.state.in_(sorted(OPEN)))
    if unit.connection.execute(open_ones).scalar_one() >= MOST_OPEN:
        raise Conflict(
            f"{MOST_OPEN} commands wait for this car already", why="too_many_commands", told={"most": MOST_OPEN}
        )
    now = unit.now()
    state = _AWAITS[side] if AUTHORITIES[kind].both else _S.APPROVED
    row = unit.connection.execute(
        insert(commands)
        .values(
            id=new_id("cmd"),
            vehicle=vehicle,
            organisation=car.organisation,
            kind=kind.value,
            state=state.value,
            device=device,
            plan=plan,
            requested_by=actor.account,
            requested_at=now,
            expires_at=now + APPROVAL_LIFE,
            due_at=now,
            sends=0,
            updated_at=now,
        )
        .on_conflict_do_nothing()
        .returning(commands)
    ).one_or_none()
    if row is None:
        raise Conflict("clearing this car's codes is under way already", why="clearing_already")
    tell(unit, row, "command_requested", actor.account, side=side.value, state=state.value)
    _note_approval(unit, row, side, actor)
    return view(unit, row)


def approve(unit: UnitOfWork, actor: Actor, directory: VehicleDirectory, command: str) -> dict[str, Any]:
    """Agree for the side that is missing; the command is sent after this. Again by the same person is no harm."""
    row = lock(unit, actor, command)
    car = directory.get(unit, actor, row.vehicle)
    side = _speaks_for(unit, actor, car, CommandKind(row.kind))
    given = {it.side: it for it in _approvals(unit, [row.id])[row.id]}
    if side in given and given[side].account == actor.account and row.state not in {_S.DECLINED, _S.EXPIRED}:
        return view(unit, row)
    if row.state not in _ANSWERS:
        raise Conflict(
            f"the command is {row.state}; there is nothing to agree to",
            why="command_stands",
            told={"command_state": row.state},
            state=row.state,
        )
    if _ANSWERS[CommandState(row.state)] is not side:
        raise Forbidden(
            f"this is for the {_ANSWERS[CommandState(row.state)]}'s side to answer", why="other_side_answers"
        )
    if row.expires_at <= unit.now():
        raise Conflict("the time to agree is over; please ask again", why="time_to_agree_over", state=_S.EXPIRED.value)
    _check_still_stands(unit, row, given)
    _note_approval(unit, row, side, actor)
    row = change(unit, row, _S.APPROVED, due_at=unit.now())
    tell(unit, row, "command_approved", actor.account, side=side.value)
    return view(unit, row)


def decline(unit: UnitOfWork, actor: Actor, directory: VehicleDirectory, command: str) -> dict[str, Any]:
    """Say no, or take a request back, as long as nothing was sent. Again is no harm."""
    row = lock(unit, actor, command)
    side = _speaks_for(unit, actor, directory.get(unit, actor, row.vehicle), CommandKind(row.kind))
    if row.state == _S.DECLINED:
        return view(unit, row)
    row = change(unit, row, _S.DECLINED)
    tell(unit, row, "command_declined", actor.account, side=side.value)
    return view(unit, row)


def get_command(unit: UnitOfWork, actor: Actor, command: str) -> dict[str, Any]:
    return view(unit, _find(unit, actor, command))


def list_commands(
    unit: UnitOfWork,
    actor: Actor,
    directory: VehicleDirectory,
    vehicle: str,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[dict[str, Any]]:
    """Give a page of a vehicle's commands, the newest first."""
    directory.get(unit, actor, vehicle)
    query = select(commands).where(commands.c.vehicle == vehicle)
    if cursor is not None:
        query = query.where(tuple_(commands.c.requested_at, commands.c.id) < tuple_(*_place(read_cursor(cursor))))
    newest = query.order_by(commands.c.requested_at.desc(), commands.c.id.desc()).limit(limit + 1)
    page = cut(unit.connection.execute(newest).all(), limit, lambda row: [row.requested_at.isoformat(), row.id])
    given = _approvals(unit, [row.id for row in page.items])
    return Page([_view(row, given[row.id]) for row in page.items], page.next)


def open_commands(unit: UnitOfWork, actor: Actor, directory: VehicleDirectory, vehicle: str) -> list[dict[str, Any]]:
    """Give the commands of a vehicle that have not ended, the newest first."""
    directory.get(unit, actor, vehicle)
    chosen = select(commands).where(commands.c.vehicle == vehicle, commands.c.state.in_(sorted(OPEN)))
    rows = unit.connection.execute(chosen.order_by(commands.c.requested_at.desc(), commands.c.id.desc())).all()
    given = _approvals(unit, [row.id for row in rows])
    return [_view(row, given[row.id]) for row in rows]


def questions_to_owner(names: Select[str]) -> Select[str]:
    """Give the query of which of these vehicles have a command that waits for their owner's word."""
    waits = commands.c.vehicle.in_(names), commands.c.state == CommandState.AWAITING_OWNER
    return select(commands.c.vehicle).where(*waits).distinct()


def lock(unit: UnitOfWork, actor: Actor, command: str) -> Row[Any]:
    """Give a command that the actor may see, locked and as it is now."""
    _find(unit, actor, command)
    return unit.connection.execute(select(commands).where(commands.c.id == command).with_for_update()).one()


def change(unit: UnitOfWork, row: Row[Any], to: CommandState, **values: Any) -> Row[Any]:
    """Move a locked command by the table above; gives it as it is then."""
    if to not in MOVES[CommandState(row.state)]:
        raise Conflict(
            f"the command is {row.state} and cannot become {to}",
            why="command_stands",
            told={"command_state": row.state},
            state=row.state,
        )
    values |= {"state": to.value, "updated_at": unit.now()}
    moved = update(commands).where(commands.c.id == row.id).values(**values).returning(commands)
    return unit.connection.execute(moved).one()


def tell(unit: UnitOfWork, row: Row[Any], kind: str, actor: str, /, **data: Any) -> None:
    """Append a step of a command to its vehicle's feed."""
    append(unit, row.vehicle, kind, {"command": row.id, "asked": row.kind, **data}, actor)


def accounts_that_agreed(unit: UnitOfWork, wanted: list[str]) -> dict[str, dict[str, str]]:
    """Give side -> account of the approvals, by command."""
    return {command: {it.side: it.account for it in given} for command, given in _approvals(unit, wanted).items()}


def view(unit: UnitOfWork, row: Row[Any]) -> dict[str, Any]:
    return _view(row, _approvals(unit, [row.id])[row.id])


def _view(row: Row[Any], given: list[Row[Any]]) -> dict[str, Any]:
    return {
        "id": row.id,
        "vehicle": row.vehicle,
        "kind": row.kind,
        "state": row.state,
        "device": row.device,
        "plan": row.plan,
        "requested_by": row.requested_by,
        "requested_at": row.requested_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
        "approvals": [{"side": it.side, "account": it.account, "at": it.approved_at.isoformat()} for it in given],
        "sends": row.sends,
        "sent_at": row.sent_at.isoformat() if row.sent_at else None,
        "result": row.result,
        "result_at": row.result_at.isoformat() if row.result_at else None,
    }


def _speaks_for(unit: UnitOfWork, actor: Actor, car: Vehicle, kind: CommandKind) -> Side:
    """Give the side that the actor may speak for; raises `Forbidden` when his role speaks for none."""
    authority = AUTHORITIES[kind]
    stands_in = authority.stand_in and actor.role is Role.ADMINISTRATOR
    if actor.organisation == car.organisation and (actor.role in authority.owner or stands_in):
        return Side.OWNER
    if (actor.role in authority.workshop or stands_in) and is_open_to(unit, car.id, actor.organisation):
        return Side.WORKSHOP
    raise Forbidden(f"the role {actor.role} may not ask this of the car", why="not_asked_by_role", kind=kind.value)


def _check_device(unit: UnitOfWork, car: Vehicle, device: str) -> None:
    known = select(devices.c.id).where(
        devices.c.id == device, devices.c.vehicle == car.id, devices.c.revoked_at.is_(None)
    )
    if unit.connection.execute(known).one_or_none() is None:
        raise NotFound(f"there is no device {device} in this vehicle")


def _check_still_stands(unit: UnitOfWork, row: Row[Any], given: Mapping[str, Row[Any]]) -> None:
    """Refuse when whoever agreed before may not any more: the account is closed, or the car is to its workshop."""
    accounts = {it.account for it in given.values()}
    workshop = given.get(Side.WORKSHOP)
    closed = workshop is not None and not is_open_to(unit, row.vehicle, workshop.organisation)
    if closed or open_accounts(unit, accounts) != accounts:
        raise Conflict("whoever asked for this may not any more; please ask again", why="asker_may_not")


def _note_approval(unit: UnitOfWork, row: Row[Any], side: Side, actor: Actor) -> None:
    unit.connection.execute(
        command_approvals.insert().values(
            command=row.id,
            side=side.value,
            account=actor.account,
            organisation=actor.organisation,
            role=actor.role.value,
            approved_at=unit.now(),
        )
    )


def _approvals(unit: UnitOfWork, wanted: list[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {command: [] for command in wanted}
    chosen = select(command_approvals).where(command_approvals.c.command.in_(wanted))
    for row in unit.connection.execute(chosen.order_by(command_approvals.c.approved_at, command_approvals.c.side)):
        found[row.command].append(row)
    return found


def _find(unit: UnitOfWork, actor: Actor, command: str) -> Row[Any]:
    seen = visible(actor, commands.c.organisation, commands.c.vehicle)
    row = unit.connection.execute(select(commands).where(commands.c.id == command, seen)).one_or_none()
    if row is None:
        raise NotFound(f"there is no command {command}")
    return row


def _place(key: list[Any]) -> tuple[datetime, str]:
    try:
        at, last = key
        return datetime.fromisoformat(at), str(last)
    except (TypeError, ValueError) as error:
        raise Invalid("this page cursor is not valid", why="no_cursor") from error
