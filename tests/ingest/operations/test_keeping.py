"""While the archive's store is away the tasks process waits for it, counts, and goes on when it is back."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from prometheus_client import CollectorRegistry
from pyarrow import fs

from forecourt.installation import Installation
from forecourt.metrics import HouseFigures
from forecourt.metrics_files import FiguresFile
from forecourt.processes import keeping
from forecourt.settings import Settings
from forecourt.supervision.paths import free_port
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.identity import add_organisation
from ingest import registry
from ingest.archive import Archive
from ingest.intake import Intake
from tests.ingest.wire import columns

Switch = Callable[[bool], None]


@pytest.fixture
def disk(tmp_path: Path) -> tuple[str, Switch]:
    """A directory that can be taken away, as a disk that is unmounted."""
    here, away = tmp_path / "archive", tmp_path / "away"

    def switch(on: bool) -> None:
        (away if on else here).rename(here if on else away)

    return str(here), switch


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Switch]]:
    """A bucket of a server that can be stopped; it remembers its objects."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    port = free_port()
    place = f"?endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"
    running: list[ThreadedMotoServer] = []

    def switch(on: bool) -> None:
        if on:
            running.append(ThreadedMotoServer("127.0.0.1", port, verbose=False))
            running[-1].start()
        else:
            running.pop().stop()

    switch(True)
    fs.FileSystem.from_uri(f"s3://kept{place}&allow_bucket_creation=true")[0].create_dir("kept")
    yield f"s3://kept/readings{place}", switch
    switch(False)


@pytest.mark.parametrize("store", ["disk", pytest.param("bucket", marks=pytest.mark.soak)])
def test_a_store_that_is_away_ends_nothing(
    store: str,
    request: pytest.FixtureRequest,
    database: Database,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, switch = request.getfixturevalue(store)
    monkeypatch.setattr(keeping, "ARCHIVE_S", 0.05)
    with database.unit() as unit:
        registry.add_vehicle(unit, add_organisation(unit, "Li"), "car-1")
        registry.add_device(unit, "car-1", "dev-1")
    Intake(database, Archive(url), "w").process([columns(1, engine_speed=[800.0, 801.0])])
    clock.advance(timedelta(minutes=2))
    told = CollectorRegistry()
    installation = Installation(Settings(data=tmp_path / "data", archive_url=url))
    keeper = keeping.Keeper(installation, database, HouseFigures(told), FiguresFile(installation.paths, "tasks", told))

    def figure(name: str) -> float:
        return told.get_sample_value(f"forecourt_{name}") or 0.0

    async def until(name: str, least: float) -> None:
        while figure(name) < least:  # noqa: ASYNC110 - what is waited for happens in the process as a whole
            await asyncio.sleep(0.02)

    async def outage() -> None:
        rounds = asyncio.create_task(keeper.keep_archive())
        async with asyncio.timeout(60):
            await until("archive_away_total", 2)
            assert figure("compaction_files_merged_total") == 0
            switch(True)
            await until("compaction_files_merged_total", 1)
        assert not rounds.done()
        rounds.cancel()

    switch(False)
    asyncio.run(outage())
    assert figure("compaction_last_success_timestamp_seconds") > 0
