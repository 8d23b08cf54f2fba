"""Health tells which part works; what is stopped here is really stopped."""

import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from forecourt import health
from forecourt.heartbeat import Heartbeat
from forecourt.installation import Installation
from forecourt.metrics_files import AllFigures
from forecourt.probes import probes
from forecourt.settings import Settings
from foundation.database import Database
from ingest.archive import Archive


def test_a_part_that_is_stopped_is_down_and_the_rest_is_not(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "KEPT_S", -1.0)
    installation = Installation(Settings(data=tmp_path, ingest_workers=2))
    broker = installation.broker
    assert broker is not None
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        broker.ensure()
        for name in ("ingest", "ingest-1", "tasks"):
            Heartbeat.of(installation.paths, name).beat()
        (installation.paths.run / "ingest-1.beat").write_text(str(worker.pid), "ascii")
        asked = health.Health(database, probes(installation, Archive(installation.archive_directory)))
        found = asked.look()
        assert found.status == "ready"
        assert list(found.parts) == ["database", "broker", "archive", "ingest", "ingest-1", "tasks"]
        worker.kill()
        worker.wait()
        found = asked.look()
        assert (found.status, [it for it, state in found.parts.items() if state == "down"]) == (
            "degraded",
            ["ingest-1"],
        )
        broker.stop()
        assert asked.look().parts["broker"] == "down"
    finally:
        worker.kill()
        worker.communicate()
        broker.stop()


def test_without_its_database_the_service_is_down() -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    app = FastAPI()
    app.include_router(health.router(health.Health(away), AllFigures(Path("nowhere"), CollectorRegistry())))
    with TestClient(app) as client:
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()) == (503, {"status": "down", "parts": {"database": "down"}})
        assert client.get("/health/live").status_code == 200
        assert client.get("/metrics").status_code == 200
    away.close()
