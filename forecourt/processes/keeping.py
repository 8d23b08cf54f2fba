"""What the tasks process does round after round beside its tasks; it waits for what is away, and tries again."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

import sqlalchemy.exc
import structlog

from aftersales.repair.photos import photo_folder, sweep_photos
from aftersales.telling.messages import count_letters
from forecourt.installation import Installation
from forecourt.metrics import HouseFigures
from forecourt.metrics_files import FiguresFile
from forecourt.privacy import keep_house
from forecourt.supervision.errors import UnreachableError
from forecourt.sweeps import sweep_archive
from forecourt.task_queue import depth
from foundation.database import Database
from ingest.archive import Archive
from ingest.archive.retention import Retention
from ingest.counting import count_due_commands, count_files
from ingest.registry import credentials
from parts_catalog.snapshot.building import keep_snapshot

HOUSE_S = 60.0
PHOTOS_S = 3600.0
ARCHIVE_S = 15.0
CATALOGUE_S = 1.0
LOOK_S = 5.0
LONGEST_PAUSE_S = 300.0  # between two attempts while the archive's store is away
log = structlog.get_logger()


class Keeper:
    """Keeps house and archive of one installation, and writes down what it sees."""

    def __init__(
        self, installation: Installation, database: Database, figures: HouseFigures, written: FiguresFile
    ) -> None:
        self._installation = installation
        self._database = database
        self._figures = figures
        self._written = written
        self._archive: Archive | None = None
        self._let_in: list[tuple[str, str, str]] | None = None
        self._photos_at = time.monotonic() - PHOTOS_S

    async def keep_house(self) -> None:
        """Keep house once a minute; and cut off the devices that were locked out since, those of erased cars."""
        await self._again(self._house, HOUSE_S)

    async def keep_archive(self) -> None:
        """Compact the archive and forget what has served its time, a quarter of a minute after the last round."""
        await self._again(self._compact, ARCHIVE_S)

    async def keep_catalogue(self) -> None:
        """Build the snapshot of the catalogue after a change; SQL answers until it is there."""
        await self._again(self._catalogue, CATALOGUE_S)

    async def look(self) -> None:
        """Write down what waits here and at the bundled broker."""
        await self._again(self._look, LOOK_S)

    async def _again(self, act: Callable[[], None], every_s: float) -> None:
        pause = every_s
        while True:
            try:
                await asyncio.to_thread(act)
                pause = every_s
            except sqlalchemy.exc.OperationalError:
                log.warning("database_away")  # the supervisor sees to it, and the next round finds it
            except OSError as error:
                # Each step is a transaction: nothing is listed that was not written, and a later round does it again.
                self._figures.archive_away()
                log.warning("archive_away", kind=type(error).__name__, again_s=pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
            await asyncio.sleep(pause)

    def _place(self) -> Archive:
        if self._archive is None:  # not before it is needed: an object store may be away already now
            self._archive = Archive(self._installation.archive_directory)
        return self._archive

    def _house(self) -> None:
        keep_house(self._database, self._place())
        with self._database.unit() as unit:
            now_in = credentials(unit)
        if self._let_in is not None and now_in != self._let_in:
            self._installation.let_devices_in(self._database)
        self._let_in = now_in
        if time.monotonic() - self._photos_at >= PHOTOS_S:
            sweep_photos(self._database, photo_folder(self._installation.settings.data))
            self._photos_at = time.monotonic()

    def _compact(self) -> None:
        given = self._installation.settings
        keep = Retention(given.keep_readings_days, given.keep_rejected_days, given.keep_keys_days, given.keep_dtcs_days)
        begun = time.monotonic()
        merged = sweep_archive(self._database, self._place(), keep)
        self._figures.compacted(merged, time.monotonic() - begun, time.time())

    def _catalogue(self) -> None:
        try:
            built = keep_snapshot(self._database)
        except OSError:
            log.exception("catalogue_not_written")  # such as a full disk, which is no reason to end the other work
            return
        if built is not None:
            log.info("catalogue_written", **asdict(built))

    def _look(self) -> None:
        with self._database.unit() as unit:
            self._figures.archive(count_files(unit))
            self._figures.waiting(depth(unit), {"mail": count_letters(unit), "command": count_due_commands(unit)})
        broker = self._installation.broker
        if broker is not None:
            try:
                held = broker.backlog()
            except UnreachableError:
                log.warning("broker_away")
            else:
                self._figures.backlog(held.messages, held.oldest, datetime.now(UTC))
        self._written.write()
