"""What devices last said of themselves: online or not, what their spools hold or let go, who set their clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, union_all
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
from ingest.envelope import Status
from ingest.tables import boots, device_states, trip_spans

STATUS_WORDS = ("online", "agent", "spool", "dead", "dropped", "disk", "clock", "adapter")


@dataclass(frozen=True, slots=True)
class Said:
    """A status as it arrived. A retained one may be old: it counts only while nothing else is known."""

    device: str
    status: Status
    arrived_at: datetime
    retained: bool


def last_heard(unit: UnitOfWork, names: Sequence[str]) -> dict[str, datetime]:
    """Give when the last message of each device arrived that was taken; those never heard are left out."""
    heard = union_all(
        *(
            select(table.c.device.label("device"), at.label("at")).where(table.c.device.in_(names))
            for table, at in (
                (boots, boots.c.last_arrived_at),
                (trip_spans, trip_spans.c.last_arrived_at),
                (device_states, device_states.c.reported_at),
            )
        )
    ).subquery()
    rows = unit.connection.execute(select(heard.c.device, func.max(heard.c.at).label("at")).group_by(heard.c.device))
    return {row.device: row.at for row in rows}


def record(unit: UnitOfWork, said: Sequence[Said]) -> None:
    """Keep the last word of each device, in the order of arrival."""
    live = {one.device: one for one in said if not one.retained}
    remembered = {one.device: one for one in said if one.retained and one.device not in live}
    for known, statement in ((remembered, _REMEMBER), (live, _REPLACE)):
        if known:
            unit.connection.execute(statement, [_values(known[device]) for device in sorted(known)])


_INSERT = insert(device_states)
_REMEMBER = _INSERT.on_conflict_do_nothing()
_REPLACE = _INSERT.on_conflict_do_update(
    index_elements=[device_states.c.device],
    set_={name: _INSERT.excluded[name] for name in (*STATUS_WORDS, "reported_at")},
)


def _values(said: Said) -> dict[str, Any]:
    words = {name: getattr(said.status, name) for name in STATUS_WORDS}
    return {"device": said.device, "reported_at": said.arrived_at, **words}
