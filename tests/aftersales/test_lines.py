"""Lines and approvals: what the workshop finds needs the owner's yes, and his no frees the part at once."""

import pytest
from sqlalchemy import update

from aftersales.repair.approvals import approve, list_approvals
from aftersales.repair.order_lines import Labour, Material, add_line
from aftersales.repair.repair_orders import StepBlocked
from aftersales.tables import estimate_lines
from aftersales.views import get_repair_order
from foundation.refusals import Conflict, Invalid, NotFound
from ingest.registry import Vehicles
from tests.aftersales.world import STEPS, World

POLES = Labour("Clean battery poles", "清洁极柱", 30)


@pytest.fixture
def order(world: World) -> str:
    return str(world.confirm(world.open()["appointment"]["id"])["repair_order"])


def find(world: World, order: str, found: Labour | Material) -> list[dict[str, object]]:
    with world.database.unit() as unit:
        lines: list[dict[str, object]] = add_line(unit, world.technician, Vehicles(), order, found)["lines"]
    return lines


def decide(world: World, order: str, lines: list[str], decision: str) -> dict[str, str]:
    with world.database.unit() as unit:
        approve(unit, world.owner, order, lines, decision)
        return {line["id"]: line["approval"] for line in get_repair_order(unit, world.owner, order)["lines"]}


def test_confirming_approves_every_line_as_it_is_shown(world: World, order: str) -> None:
    with world.database.unit() as unit:
        decisions = list_approvals(unit, world.owner, order)
        lines = get_repair_order(unit, world.technician, order)["lines"]
    assert {one["line"]: one["hash"] for one in decisions} == {line["id"]: line["hash"] for line in lines}
    assert {line["approval"] for line in lines} == {"approved"}


def test_a_line_that_changes_after_its_approval_awaits_a_new_one(world: World, order: str) -> None:
    with world.database.unit() as unit:
        unit.connection.execute(update(estimate_lines).values(hash="another"))
    world.step(order, **STEPS[0])
    with pytest.raises(StepBlocked):
        world.step(order, step="start")


def test_work_found_awaits_approval_and_only_then_is_settled(world: World, order: str) -> None:
    with pytest.raises(Conflict):
        find(world, order, POLES)
    for step in STEPS[:4]:
        world.step(order, **step)
    lines = find(world, order, POLES)
    assert lines[-1]["approval"] == "awaiting"
    find(world, order, Material("oil_filter"))
    assert world.reserved() == {"oil_filter": 1}
    with pytest.raises(StepBlocked):
        world.step(order, step="issue_parts")
    new = [str(line["id"]) for line in find(world, order, POLES)[-3:]]
    decide(world, order, new[:1], "approved")
    decide(world, order, new[1:], "declined")
    assert world.reserved() == {}
    for step in STEPS[5:]:
        world.step(order, **step)
    sheet = world.settle(order)
    assert sheet["groups"][3]["totals"]["net"]["amount"] == 48_000 + 9_000
    assert world.nothing_is_held()


def test_a_declined_part_is_free_at_once_and_held_again_when_approved_after_all(world: World, order: str) -> None:
    with world.database.unit() as unit:
        belt = next(
            line["id"] for line in get_repair_order(unit, world.owner, order)["lines"] if line["part"] == "belt"
        )
    assert decide(world, order, [belt, belt], "declined")[belt] == "declined"
    assert world.reserved() == {"alt_shelf": 1}
    decide(world, order, [belt], "approved")
    assert world.reserved() == {"alt_shelf": 1, "belt": 1}
    for step in STEPS[:4]:
        world.step(order, **step)
    with pytest.raises(Conflict, match="handed out"):
        decide(world, order, [belt], "declined")


@pytest.mark.parametrize("arrived", [False, True])
def test_declining_every_line_ends_the_visit_and_frees_everything(world: World, order: str, arrived: bool) -> None:
    if arrived:
        world.step(order, **STEPS[0])
    with world.database.unit() as unit:
        lines = [line["id"] for line in get_repair_order(unit, world.owner, order)["lines"]]
    decide(world, order, lines, "declined")
    with world.database.unit() as unit:
        view = get_repair_order(unit, world.owner, order)
    assert (view["state"], view["next_steps"]) == ("cancelled", [])
    assert world.case(view["case"])["state"] == "declined"
    assert world.nothing_is_held()


def test_nonsense_is_refused(world: World, order: str) -> None:
    with pytest.raises(NotFound):
        decide(world, order, ["line_x"], "approved")
    with pytest.raises(Invalid):
        decide(world, order, [], "perhaps")
    world.step(order, **STEPS[0])
    with pytest.raises(Conflict):
        find(world, order, Material("starter_awd"))
    with pytest.raises(NotFound):
        find(world, order, Material("no_such_part"))
