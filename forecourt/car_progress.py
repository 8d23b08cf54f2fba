"""How a repair goes on, told to the car: on `fc/v1/{device}/progress`, to every device of it that speaks our topics.

The newest entry stays with the broker (retained), so a car that comes back hears how its repair stands; its number says
whether there was more, which `GET /v1/repair-orders/{order}/progress` has. What somebody wrote to it is not sent: a
device is no person. Over a new connection, ours to the broker or the tasks process itself, the newest entries are sent
again, and then what happens, from just before that on: a number may come twice, and none is skipped while we run.
"""

import asyncio
import json
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import psycopg
import sqlalchemy.exc
import structlog

from forecourt.installation import Installation
from foundation.database import Database, UnitOfWork
from foundation.events import Cursor, Event, end_of_log, read
from foundation.follow import Wakeups
from foundation.follow_many import follow_many
from ingest.address import BrokerAddress
from ingest.device_dialects import FORECOURT
from ingest.sources.mqtt import LONGEST_PAUSE_S, Connection, Profile
from ingest.topics import Kind, topic_of

LOOK_S = 2.0  # whether the connection still stands
TAKEN_S = 10.0  # for the broker to take one entry
REMEMBERED = timedelta(days=7)  # what is over for longer is not told again
AWAY = (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, psycopg.OperationalError)
log = structlog.get_logger()


Told = tuple[str, bytes]  # one entry for one device: topic and payload


class CarProgress:
    """Tells the cars of one installation, until cancelled."""

    def __init__(self, installation: Installation, database: Database, wakeups: Wakeups) -> None:
        self._database = database
        self._wakeups = wakeups
        self._installation = installation

    async def run(self) -> None:
        """Work until cancelled; a broker or a database that is away is waited for."""
        pause = 0.1
        while True:
            try:
                await self._serve()
                pause = 0.1
            except ConnectionError as error:
                log.warning("broker_away", why=str(error), again_s=pause)
            except AWAY:
                log.warning("database_away")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _serve(self) -> None:
        given = self._installation
        profile = Profile(f"{given.mqtt_client_id}-progress", certificate=given.broker_certificate)
        connection = Connection(BrokerAddress.parse(given.ingest_mqtt_url), profile, lambda _connection, _message: None)
        try:
            await asyncio.to_thread(connection.open, ())
            after, stand = await asyncio.to_thread(self._stand)
            await self._publish(connection, stand)
            news = follow_many(self._database, self._wakeups, None, after, pause_s=LOOK_S)
            async with aclosing(news):
                async for event in news:
                    if connection.ended.is_set():
                        return
                    if event is not None and event.kind == "progress":
                        await self._publish(connection, await asyncio.to_thread(self._of, event))
        finally:
            await asyncio.to_thread(connection.close)

    async def _publish(self, connection: Connection, told: list[Told]) -> None:
        if told and not await asyncio.to_thread(connection.deliver, told, TAKEN_S):
            raise ConnectionError("the broker has not taken an entry")

    def _stand(self) -> tuple[Cursor, list[Told]]:
        """Give the end of the log, and the newest entry of each car's last repair for its devices."""
        with self._database.unit() as unit:
            after = end_of_log(unit)
            rows = unit.rows(_LAST, {"dialect": FORECOURT, "since": unit.now() - REMEMBERED})
            newest = {row.order: read(unit, row.order, row.number - 1, limit=1)[0] for row in rows}
            return after, [_told(row.device, newest[row.order]) for row in rows]

    def _of(self, event: Event) -> list[Told]:
        with self._database.unit() as unit:
            return [_told(device, event) for device in _devices(unit, event.subject)]


# Of each car's last repair order, unless it is long over: the number of its newest entry, and the car's devices.
_LAST = """
    SELECT d.id AS device, o.id AS order, told.number
    FROM (
        SELECT DISTINCT ON (vehicle) id, vehicle, updated_at FROM repair_orders ORDER BY vehicle, created_at DESC, id
    ) AS o
    JOIN devices d ON d.vehicle = o.vehicle AND d.revoked_at IS NULL AND d.dialect = %(dialect)s
    JOIN LATERAL (
        SELECT number FROM events WHERE subject = o.id AND kind = 'progress' ORDER BY number DESC LIMIT 1
    ) AS told ON true
    WHERE o.updated_at > %(since)s
    ORDER BY d.id
"""
_DEVICES = """
    SELECT d.id
    FROM repair_orders o
    JOIN devices d ON d.vehicle = o.vehicle AND d.revoked_at IS NULL AND d.dialect = %(dialect)s
    WHERE o.id = %(order)s
    ORDER BY d.id
"""


def _devices(unit: UnitOfWork, order: str) -> list[str]:
    return [row.id for row in unit.rows(_DEVICES, {"order": order, "dialect": FORECOURT})]


def _told(device: str, event: Event) -> Told:
    document: dict[str, Any] = {
        "repair_order": event.subject,
        "number": event.number,
        "at": event.occurred_at.isoformat(),
        **{name: event.data[name] for name in ("step", "state", "en", "zh")},
    }
    return topic_of(device, Kind.PROGRESS), json.dumps(document, ensure_ascii=False).encode()
