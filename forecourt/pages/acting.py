"""Doing what a form asks for: in one unit of work, and once however often the form is sent."""

from collections.abc import Callable
from typing import Any

from forecourt.pages.readers import CSRF_FIELD, Posted
from foundation.database import UnitOfWork
from foundation.idempotency import once

KEY_FIELD = "key"


def act(form: Posted, do: Callable[[UnitOfWork], Any]) -> None:
    """Run `do`; the same form sent again, by a second tap or a reload, changes nothing more."""

    def run(unit: UnitOfWork) -> str:
        do(unit)
        return ""

    act_for(form, run)


def act_for(form: Posted, do: Callable[[UnitOfWork], str]) -> str:
    """Run `do` as `act` does and give the id of what it made; the same form sent again gives the same id."""
    with form.reader.unit() as unit:
        return act_in(unit, form, do)


def act_in(unit: UnitOfWork, form: Posted, do: Callable[[UnitOfWork], str]) -> str:
    """Run `do` as `act_for` does, in a unit of the caller's."""
    asked = {name: value for name, value in form.fields.items() if name not in {CSRF_FIELD, KEY_FIELD}}
    path, made = form.reader.request.url.path, lambda: {"made": do(unit)}
    return str(once(unit, form.reader.actor, path, form.key, asked, made)["made"])
