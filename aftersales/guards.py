"""What must be true before a step of a repair order: one row per guarded step, its refusal in words."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Row

from aftersales.approvals import APPROVED, AWAITING, standing
from aftersales.cases import STEPS, Step
from aftersales.estimates import lines_of
from foundation.database import UnitOfWork
from parts_catalog import stock

Guard = Callable[[UnitOfWork, Row[Any]], str | None]


def why_blocked(unit: UnitOfWork, order: Row[Any], step: Step) -> str | None:
    """Give why the order cannot take this step now although its state allows it; None: it can."""
    guard = _GUARDS.get(step.name)
    return guard(unit, order) if guard else None


def next_steps(unit: UnitOfWork, order: Row[Any]) -> list[dict[str, Any]]:
    """Give the steps that can be taken now, with what each needs."""
    return [
        {"step": step.name, "en": step.en, "zh": step.zh, "needs": list(step.needs)}
        for step in STEPS.values()
        if order.state in step.sources and why_blocked(unit, order, step) is None
    ]


def _start(unit: UnitOfWork, order: Row[Any]) -> str | None:
    standings = _standings(unit, order)
    return None if APPROVED in standings.values() else "work starts on approved lines only, and no line is approved"


def _issue_parts(unit: UnitOfWork, order: Row[Any]) -> str | None:
    if stock.waiting(unit, order.case):
        return "some of the parts have not come yet"
    if not stock.held(unit, order.case):
        return "no parts are held for this repair order"
    waiting = [
        line
        for line in lines_of(unit, [order.estimate])[order.estimate]
        if line.part is not None and standing(unit, [line])[line.id] == AWAITING
    ]
    return "the owner has not decided on every part yet" if waiting else None


def _quality_check(unit: UnitOfWork, order: Row[Any]) -> str | None:
    if stock.held(unit, order.case):
        return "the parts of the estimate have not been handed out"
    return _all_decided(unit, order)


def _all_decided(unit: UnitOfWork, order: Row[Any]) -> str | None:
    waiting = AWAITING in _standings(unit, order).values()
    return "the owner has not decided on every line yet" if waiting else None


def _standings(unit: UnitOfWork, order: Row[Any]) -> dict[str, str]:
    return standing(unit, lines_of(unit, [order.estimate])[order.estimate])


_GUARDS: Mapping[str, Guard] = {"start": _start, "issue_parts": _issue_parts, "quality_check": _quality_check}
