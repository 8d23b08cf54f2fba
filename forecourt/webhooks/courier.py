"""The courier: lays down and sends, round after round, in the tasks process; a slow receiver holds up nobody else."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
import sqlalchemy.exc
import structlog

from forecourt.webhooks.collecting import collect
from forecourt.webhooks.outcome import forget, note
from forecourt.webhooks.secret_changes import forget_old_secrets
from forecourt.webhooks.sending import Letter, new_client, send, take
from foundation.clock import Clock, SystemClock
from foundation.database import Database

MOST = 64  # in hand at a time
ROUND_S = 0.5
FORGET_S = 3600.0
AWAY = (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, psycopg.OperationalError)
log = structlog.get_logger()


class Courier:
    """Serves the webhooks of one database. `private`: they may go to private addresses. `clock` is the machine's."""

    def __init__(self, database: Database, *, private: bool = False, clock: Clock | None = None) -> None:
        self._database = database
        self._private = private
        self._clock = clock or SystemClock()
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="webhook-names")
        self._forget_at = 0.0

    async def run(self) -> None:
        """Work until cancelled; while the database is away, wait for it."""
        flying: set[asyncio.Task[None]] = set()
        async with new_client() as client:
            try:
                while True:
                    flying |= await self._begin(client, MOST - len(flying))
                    if flying:
                        done, flying = await asyncio.wait(flying, timeout=ROUND_S, return_when="FIRST_COMPLETED")
                        for one in done:
                            one.result()
                    else:
                        await asyncio.sleep(ROUND_S)
            finally:
                for one in flying:
                    one.cancel()
                await asyncio.gather(*flying, return_exceptions=True)
                self._threads.shutdown(wait=False)

    async def round(self) -> int:
        """Lay down and send what is due by now, and wait for the answers; gives how many were sent."""
        async with new_client() as client:
            begun = await self._begin(client, MOST)
            await asyncio.gather(*begun)
        return len(begun)

    async def _begin(self, client: httpx2.AsyncClient, room: int) -> set[asyncio.Task[None]]:
        try:
            letters = await asyncio.to_thread(self._look, room)
        except AWAY:
            log.warning("database_away")
            return set()
        return {asyncio.create_task(self._carry(client, letter)) for letter in letters}

    def _look(self, room: int) -> list[Letter]:
        with self._database.unit() as unit:
            collect(unit, self._clock)
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + FORGET_S
            with self._database.unit() as unit:
                forget(unit, self._clock)
                forget_old_secrets(unit, self._clock)
        if room <= 0:
            return []
        with self._database.unit() as unit:
            return take(unit, self._clock, room)

    async def _carry(self, client: httpx2.AsyncClient, letter: Letter) -> None:
        answer = await send(client, self._threads, letter, self._clock, private=self._private)
        if not answer.taken:
            log.warning(
                "webhook_waits",
                endpoint=letter.endpoint,
                attempt=letter.attempt,
                status=answer.status,
                why=answer.error,
            )

        def write_down() -> None:
            with self._database.unit() as unit:
                note(unit, self._clock, letter, answer)

        try:
            await asyncio.to_thread(write_down)
        except AWAY:
            # Its lease ends, and it is sent again: at least once.
            log.warning("database_away")
