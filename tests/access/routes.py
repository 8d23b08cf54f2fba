"""Finding every route of the application, however deep it was included."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from starlette.routing import Mount


def routes_of(app: FastAPI) -> list[str]:
    """Give `GET /v1/cases` for every method and path; static files are everybody's, and no route."""
    return sorted(f"{verb} {path}" for path, verbs in _walk(app.routes) for verb in verbs - {"HEAD"})


def _walk(routes: Iterable[Any]) -> Iterator[tuple[str, set[str]]]:
    for route in routes:
        if (included := getattr(route, "original_router", None)) is not None:
            yield from _walk(included.routes)
        elif isinstance(route, Mount):
            assert route.path == "/static", f"{route.path} was mounted past the table of access"
        else:
            yield route.path, set(route.methods)
