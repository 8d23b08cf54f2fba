"""Finding every route of the application."""

from collections.abc import Iterator

from fastapi import FastAPI
from starlette.routing import Mount, Route


def routes_of(app: FastAPI) -> list[str]:
    """Give `GET /v1/cases` for every method and path; static files are everybody's, and no route."""
    return sorted(f"{verb} {path}" for path, verbs in _walk(app) for verb in verbs - {"HEAD"})


def _walk(app: FastAPI) -> Iterator[tuple[str, set[str]]]:
    for route in app.routes:
        if isinstance(route, Mount):
            assert route.path == "/static", f"{route.path} was mounted past the table of access"
        else:
            assert isinstance(route, Route), f"{route} was taken in past the table of access"
            yield route.path, route.methods or set()
