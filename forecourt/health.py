"""Health and metrics: alive, ready to serve, what works and what does not, and figures for Prometheus."""

import threading
import time
from collections.abc import Callable, Mapping
from enum import StrEnum

import structlog
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from pydantic import BaseModel, Field
from sqlalchemy import text

from foundation.database import Database
from foundation.http import problem_responses

Probe = Callable[[], bool]
KEPT_S = 2.0  # so long an answer is given again: anybody may ask, and nobody may burden the parts with it
DATABASE = "database"
log = structlog.get_logger()


class Condition(StrEnum):
    READY = "ready"
    DEGRADED = "degraded"  # requests are served; something beside them does not work
    DOWN = "down"


class HealthView(BaseModel):
    status: Condition
    parts: dict[str, Condition] = Field(
        examples=[{"database": "ready", "broker": "ready", "archive": "ready", "ingest": "down", "tasks": "ready"}]
    )


class Health:
    """The parts of one installation and how each is asked. A part whose probe fails in whatever way is down."""

    def __init__(self, database: Database, probes: Mapping[str, Probe] | None = None) -> None:
        self._probes = {DATABASE: lambda: _answers(database), **(probes or {})}
        self._lock = threading.Lock()
        self._kept: HealthView | None = None
        self._kept_until = 0.0

    def look(self) -> HealthView:
        """Ask every part, or give what was found a moment ago: without the database nothing is served."""
        with self._lock:
            if self._kept is None or time.monotonic() > self._kept_until:
                self._kept = self._ask()
                self._kept_until = time.monotonic() + KEPT_S
            return self._kept

    def _ask(self) -> HealthView:
        parts = {
            name: Condition.READY if _well(name, probe) else Condition.DOWN for name, probe in self._probes.items()
        }
        if parts[DATABASE] is Condition.DOWN:
            return HealthView(status=Condition.DOWN, parts=parts)
        well = all(it is Condition.READY for it in parts.values())
        return HealthView(status=Condition.READY if well else Condition.DEGRADED, parts=parts)


def _well(name: str, probe: Probe) -> bool:
    try:
        return probe()
    except Exception as error:  # noqa: BLE001 - whatever keeps a part away, the answer is the same: it is down
        log.debug("part_down", part=name, kind=type(error).__name__)
        return False


def _answers(database: Database) -> bool:
    with database.unit() as unit:
        unit.connection.execute(text("SELECT 1"))
    return True


class _Registry:
    """One collector as `generate_latest` wants it."""

    def __init__(self, collector: Collector) -> None:
        self.collect = collector.collect


def router(health: Health, figures: Collector) -> APIRouter:
    """Give the routes that need no sign-in and tell nothing about anybody."""
    routes = APIRouter(tags=["health"])

    @routes.get("/health/live", summary="The process runs")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @routes.get(
        "/health/ready",
        summary="Whether requests are served (200: ready or degraded; 503: down), and which part works",
        responses={503: {"model": HealthView}},
    )
    def ready(response: Response) -> HealthView:
        found = health.look()
        if found.status is Condition.DOWN:
            response.status_code = 503
        return found

    @routes.get("/metrics", summary="Prometheus metrics", response_class=Response, responses=problem_responses(429))
    def metrics() -> Response:
        return Response(generate_latest(_Registry(figures)), media_type=CONTENT_TYPE_LATEST)

    return routes
