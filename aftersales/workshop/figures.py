"""A workshop's figures over some of its days: bay use, lead time, first-time fix, and how right the predictor was."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median, quantiles
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from aftersales.cases import RepairOrderState
from aftersales.repair.verdicts import Verdict, waiting_of
from aftersales.settlement.counter import takings_by_way
from aftersales.tables import cases, repair_orders, repair_steps, verdicts
from aftersales.visits.day_plan import day_span, own_workshop
from aftersales.visits.occupancy import local_day
from aftersales.workshop.bay_use import bay_minutes
from aftersales.workshop.hours import Span
from aftersales.workshop.rates import Rate
from aftersales.workshop.ratings import bayesian_mean
from aftersales.workshop.workshops import Workshop, rating_view, workshop_summary
from diagnostics.faults import FAULTS
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Invalid

DEFAULT_DAYS, MOST_DAYS = 90, 366
RETURN = timedelta(days=30)  # a car that comes back with the same fault within so long was not repaired


@dataclass(frozen=True, slots=True)
class Finished:
    """A repair that was completed in the period: its order, and when its car came and its work was done."""

    order: Row[Any]
    fault: str | None
    came: datetime
    done: datetime


def figures(
    unit: UnitOfWork, actor: Actor, workshop: str, first: date | None = None, last: date | None = None
) -> dict[str, Any]:
    """Give the figures of one's own workshop from one local day to another, both included.

    Without days: the last `DEFAULT_DAYS`. Every rate comes with its counts; without anything to count it is None.
    """
    here = own_workshop(unit, actor, workshop)
    last = last or local_day(unit.now(), here.zone)
    end = day_span(here, last)[1]
    first = first or last - timedelta(days=DEFAULT_DAYS - 1)
    if not 0 < (last - first).days + 1 <= MOST_DAYS:
        raise Invalid(
            f"a period has 1 to {MOST_DAYS} days, and begins before it ends",
            why="period_out_of_range",
            told={"most": MOST_DAYS},
        )
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    span = day_span(here, first)[0], end
    finished = completed(unit, here, span)
    return {
        "workshop": workshop_summary(here),
        "from": first.isoformat(),
        "to": last.isoformat(),
        "completed": len(finished),
        "utilisation": utilisation(unit, here, days, span),
        "lead_time": lead_time(finished),
        "first_time_fix": first_time_fix(unit, here, finished),
        "precision": {
            **precision(unit, here, span),
            "waiting": sum(waiting_of(unit, [one.order for one in finished]).values()),
        },
        "takings": takings_by_way(unit, here.id, span),
        "ratings": {**rating_view(here), "ranked_as": round(bayesian_mean(here.stars, here.reviews), 2)},
    }


def completed(unit: UnitOfWork, workshop: Workshop, span: Span) -> list[Finished]:
    """Give the repairs whose last completion lies within the span, in its order."""
    step, of = repair_steps.c, repair_orders.c
    done = func.max(step.taken_at).filter(step.step == "complete")
    times = (
        select(step.order, func.min(step.taken_at).filter(step.step == "check_in").label("came"), done.label("done"))
        .join(repair_orders, of.id == step.order)
        .where(of.workshop == workshop.id)
        .group_by(step.order)
        .having(done >= span[0], done < span[1])
        .subquery()
    )
    rows = unit.connection.execute(
        select(repair_orders, cases.c.fault, times.c.came, times.c.done)
        .join(times, times.c.order == of.id)
        .join(cases, cases.c.id == of.case)
        .order_by(times.c.done, of.id)
    )
    return [Finished(row, row.fault, row.came, row.done) for row in rows]


def utilisation(unit: UnitOfWork, workshop: Workshop, days: Sequence[date], span: Span) -> dict[str, Any]:
    """Give the share of the bays' open time that visits took, with both in hours."""
    taken, possible = bay_minutes(unit, workshop, days, span)
    value = round(taken / possible, 4) if possible else None
    return {"value": value, "taken_h": round(taken / 60, 2), "open_h": round(possible / 60, 2)}


def lead_time(finished: Sequence[Finished]) -> dict[str, Any]:
    """Give the hours from check-in to completion, nights and all: the median, and what nine of ten stay below."""
    hours = [(one.done - one.came).total_seconds() / 3600 for one in finished]
    if not hours:
        return {"median_h": None, "p90_h": None, "of": 0}
    p90 = quantiles(hours, n=10, method="inclusive")[8] if len(hours) > 1 else hours[0]
    return {"median_h": round(median(hours), 2), "p90_h": round(p90, 2), "of": len(hours)}


def first_time_fix(unit: UnitOfWork, workshop: Workshop, finished: Sequence[Finished]) -> dict[str, Any]:
    """Give the share of repairs without rework whose car did not come back within 30 days with the same fault.

    Of those whose 30 days are over alone: of a young one only its failure could be known, which would count failures
    alone. A wish has no fault to come back with. Returns to other houses are not for this one to see.
    """
    old = [one for one in finished if one.done + RETURN <= unit.now()]
    back = _came_back(unit, workshop, old)
    reworked = {one.order.id for one in old if one.order.reworks}
    fixed = sum(one.order.id not in reworked | back for one in old)
    return {
        **Rate(fixed, len(old)).to_json(),
        "reworked": len(reworked),
        "returned": len(back),
        "too_young": len(finished) - len(old),
    }


def _came_back(unit: UnitOfWork, workshop: Workshop, finished: Sequence[Finished]) -> set[str]:
    of = repair_orders.c
    faults = {one.fault for one in finished} - {None}
    if not faults:
        return set()
    rows = unit.connection.execute(
        select(of.id, of.vehicle, cases.c.fault, repair_steps.c.taken_at.label("came"))
        .join(cases, cases.c.id == of.case)
        .join(repair_steps, (repair_steps.c.order == of.id) & (repair_steps.c.step == "check_in"))
        .where(
            of.workshop_organisation == workshop.organisation,
            of.vehicle.in_({one.order.vehicle for one in finished}),
            of.state != RepairOrderState.CANCELLED,
            cases.c.fault.in_(faults),
        )
    )
    visits: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for row in rows:
        visits[row.vehicle, row.fault].append(row.came)
    return {
        one.order.id
        for one in finished
        if one.fault is not None
        and any(one.done < came <= one.done + RETURN for came in visits[one.order.vehicle, one.fault])
    }


def precision(unit: UnitOfWork, workshop: Workshop, span: Span) -> dict[str, Any]:
    """Give how many of the findings that got their verdict within the span were found, by predictor and fault.

    What was another fault, or none, was not found. Findings of cars that never came have no verdict and count nowhere.
    """
    here = verdicts.c
    newest = (
        select(verdicts)
        .where(here.workshop == workshop.id, here.given_at < span[1])
        .ext(distinct_on(here.finding))
        .order_by(here.finding, here.number.desc())
    )
    rows = [row for row in unit.connection.execute(newest) if row.given_at >= span[0]]
    counted = Counter((row.predictor, row.fault, row.verdict) for row in rows)
    kinds = sorted({(predictor, fault) for predictor, fault, _ in counted})
    return {
        **Rate(sum(row.verdict == Verdict.FOUND for row in rows), len(rows)).to_json(),
        "by_predictor": [
            {
                "predictor": predictor,
                "fault": fault,
                "title_en": FAULTS[fault].en,
                "title_zh": FAULTS[fault].zh,
                **_rate(counted, predictor, fault),
            }
            for predictor, fault in kinds
        ],
    }


def _rate(counted: Counter[tuple[str, str, str]], predictor: str, fault: str) -> dict[str, Any]:
    found, missed, other = (counted[predictor, fault, one.value] for one in Verdict)
    return {**Rate(found, found + missed + other).to_json(), "not_found": missed, "other_fault": other}
