"""Health and metrics: alive, ready to serve, and counters for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from foundation.database import Database
from foundation.http import problem_responses


def router(database: Database) -> APIRouter:
    """Give the routes that need no sign-in and tell nothing about anybody."""
    routes = APIRouter(tags=["health"])

    @routes.get("/health/live", summary="The process runs")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @routes.get("/health/ready", summary="The process and its database answer", responses={503: {}})
    def ready(response: Response) -> dict[str, str]:
        try:
            with database.unit() as unit:
                unit.connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001 - whatever keeps the database away, the answer is the same: not ready
            response.status_code = 503
            return {"status": "waiting for the database"}
        return {"status": "ready"}

    @routes.get("/metrics", summary="Prometheus metrics", response_class=Response, responses=problem_responses(429))
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes
