"""Taking a router's routes into the application, each as it was made.

FastAPI's own `include_router` keeps a second form of every route, which it makes on the first request, and asks a
router twice which of its routes is meant: a fifth of a second, and a millisecond more for each request of all.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

Responses = Mapping[int | str, dict[str, Any]]


def take_in(app: FastAPI, router: APIRouter, responses: Responses = MappingProxyType({})) -> None:
    """Add the router's routes to the application; `responses` are documented wherever a route says nothing itself.

    What a router says of all its routes (prefix, tags, responses) is in them already; nothing else is asked of it.
    """
    for route in router.routes:
        if not isinstance(route, APIRoute) or any("model" in said for said in responses.values()):
            raise TypeError(f"{route} cannot be taken in with {responses}: that would have to be made anew")
        route.responses = {**responses, **route.responses}
        app.router.routes.append(route)
