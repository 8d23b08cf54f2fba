"""Looking a car over in three stages: each point gets its light, and a stage is complete when every point has one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from aftersales.cases import RepairOrderState
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.repair.progress import StepBlocked
from aftersales.scope import find_order, lock_order
from aftersales.tables import inspection_points, inspections
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid


class Stage(StrEnum):
    CHECK_IN = "check_in"
    PRE_WORK = "pre_work"
    FINAL = "final"


class Light(StrEnum):
    GREEN = "green"  # in order
    AMBER = "amber"  # soon
    RED = "red"  # now


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to look at, and in which stages."""

    code: str
    stages: frozenset[Stage]
    en: str
    zh: str


_IN, _PRE, _OUT = Stage.CHECK_IN, Stage.PRE_WORK, Stage.FINAL
POINTS: Mapping[str, Point] = {
    point.code: point
    for point in (
        Point("bodywork", frozenset({_IN, _OUT}), "Bodywork and glass", "车身与玻璃"),
        Point("interior", frozenset({_IN, _OUT}), "Interior and belongings", "内饰与随车物品"),
        Point("warning_lamps", frozenset({_IN, _OUT}), "Warning lamps", "仪表警告灯"),
        Point("lights", frozenset({_IN}), "Lights", "灯光"),
        Point("wipers", frozenset({_IN}), "Wipers and washers", "雨刮与喷水"),
        Point("tyres", frozenset({_IN}), "Tyres and rims", "轮胎与轮辋"),
        Point("brakes", frozenset({_PRE}), "Brakes", "制动系统"),
        Point("fluids", frozenset({_PRE, _OUT}), "Fluids and leaks", "油液与渗漏"),
        Point("belts_hoses", frozenset({_PRE}), "Belts and hoses", "皮带与软管"),
        Point("battery", frozenset({_PRE}), "Battery and charging", "蓄电池与充电"),
        Point("steering_suspension", frozenset({_PRE}), "Steering and suspension", "转向与悬架"),
        Point("exhaust", frozenset({_PRE}), "Exhaust", "排气系统"),
        Point("trouble_codes", frozenset({_PRE, _OUT}), "Trouble codes", "故障码"),
        Point("work_done", frozenset({_OUT}), "The work as approved", "授权项目完成情况"),
        Point("road_test", frozenset({_OUT}), "Road test", "路试"),
    )
}
_AT_WORK = frozenset(
    {
        RepairOrderState.OPEN,
        RepairOrderState.INSPECTED,
        RepairOrderState.AWAITING_APPROVAL,
        RepairOrderState.PARTS_PENDING,
        RepairOrderState.IN_PROGRESS,
        RepairOrderState.ON_HOLD,
        RepairOrderState.REWORK,
    }
)
# When each stage may be filled in.
STATES: Mapping[Stage, frozenset[RepairOrderState]] = {
    Stage.CHECK_IN: frozenset({RepairOrderState.OPEN}),
    Stage.PRE_WORK: _AT_WORK,
    Stage.FINAL: frozenset({RepairOrderState.QUALITY_CHECK}),
}


def points_of(stage: Stage) -> list[Point]:
    return [point for point in POINTS.values() if stage in point.stages]


def look(
    unit: UnitOfWork, actor: Actor, order: str, stage: Stage, point: str, light: Light, note: str | None = None
) -> dict[str, Any]:
    """Give a point of a stage its light, or another one; gives all stages. The first point begins the stage.

    Amber and red need a note: the owner reads it. A complete stage is opened again by looking again.
    """
    _, row = lock_order(unit, actor, order)
    require(actor, Act.INSPECT, owner=row.organisation, workshop=row.workshop_organisation)
    _check_stage(row, stage)
    if point not in POINTS or stage not in POINTS[point].stages:
        raise Invalid(
            f"{point!r} is not looked at in this stage",
            why="not_of_this_stage",
            points=[one.code for one in points_of(stage)],
        )
    note = (note or "").strip() or None
    if light is not Light.GREEN and note is None:
        raise Invalid(f"say in a note why it is {light}", why="light_needs_note", told={"light": light.value})
    now = unit.now()
    begun = {"order": row.id, "stage": stage.value, "organisation": row.organisation}
    opened = insert(inspections).values(**begun, begun_by=actor.account, begun_at=now)
    again = {"completed_by": None, "completed_at": None}
    unit.connection.execute(opened.on_conflict_do_update(index_elements=["order", "stage"], set_=again))
    seen = {"light": light.value, "note": note, "looked_by": actor.account, "looked_at": now}
    looked = insert(inspection_points).values(**begun, point=point, **seen)
    unit.connection.execute(looked.on_conflict_do_update(index_elements=["order", "stage", "point"], set_=seen))
    return inspection_views(unit, row.id)


def complete(unit: UnitOfWork, actor: Actor, order: str, stage: Stage) -> dict[str, Any]:
    """Close a stage in which every point has its light, and tell the owner; again is no harm. Gives all stages."""
    case, row = lock_order(unit, actor, order)
    require(actor, Act.INSPECT, owner=row.organisation, workshop=row.workshop_organisation)
    _check_stage(row, stage)
    lights = _lights(unit, row.id).get(stage, {})
    if left := [one.code for one in points_of(stage) if one.code not in lights]:
        raise Conflict("not every point of this stage has been looked at", why="points_left", left=left)
    here = inspections.c.order == row.id, inspections.c.stage == stage.value, inspections.c.completed_at.is_(None)
    closed = update(inspections).where(*here).values(completed_by=actor.account, completed_at=unit.now())
    if unit.connection.execute(closed).rowcount:
        counted = {light.value: sum(one.light == light for one in lights.values()) for light in Light}
        tell(unit, case.id, "inspected", actor.account, repair_order=row.id, stage=stage.value, lights=counted)
    return inspection_views(unit, row.id)


def list_inspections(unit: UnitOfWork, actor: Actor, order: str) -> dict[str, Any]:
    return inspection_views(unit, find_order(unit, actor, order).id)


def why_not_through(unit: UnitOfWork, order: Row[Any], stage: Stage) -> StepBlocked | None:
    """Give why a stage stands in the way: it was begun and is not complete. What was never begun does not."""
    here = inspections.c.order == order.id, inspections.c.stage == stage.value
    row = unit.connection.execute(select(inspections).where(*here)).one_or_none()
    if row is None or row.completed_at is not None:
        return None
    detail = f"the inspection at {stage.replace('_', '-')} is begun and not complete"
    return StepBlocked(detail, why="inspection_begun", told={"stage": stage.value}, state=order.state)


def why_not_passed(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    """Give why the final check is not passed: it is not complete, or something is red."""
    if refusal := why_not_through(unit, order, Stage.FINAL):
        return refusal
    red = sorted(point for point, one in _lights(unit, order.id).get(Stage.FINAL, {}).items() if one.light == Light.RED)
    detail = f"the final check found red: {', '.join(red)}"
    return StepBlocked(detail, why="final_check_red", told={"points": red}, state=order.state) if red else None


def reopen_final(unit: UnitOfWork, order: str) -> None:
    """Let the final check begin anew after the work was done again; what was seen stays to be looked at again."""
    here = inspections.c.order == order, inspections.c.stage == Stage.FINAL.value
    unit.connection.execute(update(inspections).where(*here).values(completed_by=None, completed_at=None))


def inspection_views(unit: UnitOfWork, order: str) -> dict[str, Any]:
    """Show the three stages with all their points; a point without a light was not looked at."""
    begun = {row.stage: row for row in unit.connection.execute(select(inspections).where(inspections.c.order == order))}
    lights = _lights(unit, order)
    return {"items": [_view(stage, begun.get(stage.value), lights.get(stage, {})) for stage in Stage]}


def _view(stage: Stage, begun: Row[Any] | None, lights: Mapping[str, Row[Any]]) -> dict[str, Any]:
    points = [
        {
            "point": point.code,
            "en": point.en,
            "zh": point.zh,
            "light": lights[point.code].light if point.code in lights else None,
            "note": lights[point.code].note if point.code in lights else None,
            "looked_at": lights[point.code].looked_at.isoformat() if point.code in lights else None,
        }
        for point in points_of(stage)
    ]
    done = begun.completed_at.isoformat() if begun is not None and begun.completed_at else None
    return {"stage": stage.value, "begun": begun is not None, "completed_at": done, "points": points}


def _lights(unit: UnitOfWork, order: str) -> dict[Stage, dict[str, Row[Any]]]:
    found: dict[Stage, dict[str, Row[Any]]] = {}
    for row in unit.connection.execute(select(inspection_points).where(inspection_points.c.order == order)):
        found.setdefault(Stage(row.stage), {})[row.point] = row
    return found


def _check_stage(row: Row[Any], stage: Stage) -> None:
    if row.state not in STATES[stage]:
        raise Conflict(
            f"the repair order is {row.state}; this is not the time for this inspection",
            why="not_inspected_now",
            state=row.state,
        )
