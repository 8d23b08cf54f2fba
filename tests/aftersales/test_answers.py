"""The owner answers what a case asks of his car: the answer is kept with the car, and the case goes on by itself."""

from datetime import date
from typing import Any

import pytest

from aftersales.answers import answer, go_on_one
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid, NotFound, Refusal
from ingest.registry import Vehicles
from parts_catalog.fitment import answered
from parts_catalog.parts import AnswerKind
from parts_catalog.tables import applications, stock, supersessions
from tests.aftersales.world import GOLF, World, put_part


def give(world: World, case: str, attribute: str, value: str, actor: Actor | None = None) -> dict[str, Any]:
    with world.database.unit() as unit:
        return answer(unit, actor or world.owner, Vehicles(), case, attribute, value)


def equipped(world: World, **lines: dict[str, bool]) -> None:
    """Let the parts fit by their equipment alone."""
    with world.database.unit() as unit:
        for part, equipment in lines.items():
            mine = applications.update().where(applications.c.part == part)
            unit.connection.execute(mine.values(drive=None, equipment=equipment))


def test_an_answer_is_kept_with_the_car_and_the_case_gets_its_visit(world: World) -> None:
    case = world.open(world.finding(fault="starter"))
    [question] = case["questions"]
    assert (question["attribute"], question["kind"], question["zh"]) == ("drive", "choice", "请告诉我们驱动形式")
    assert {one["value"] for one in question["choices"]} == {"fwd", "rwd", "awd"}
    shown = give(world, case["id"], "drive", "四驱")
    assert (shown["state"], shown["questions"], shown["reasons"]) == ("proposed", [], [])
    assert "starter_awd" in {line["part"] for line in shown["estimate"]["lines"]}
    assert world.reserved()["starter_awd"] == 1
    with world.database.unit() as unit:
        assert Vehicles().get(unit, world.owner, world.vehicle.id).config.drive == "awd"
    told = ["case_opened", "case_waiting", "question_asked", "question_answered", "appointment_proposed"]
    assert world.events(case["id"]) == told


def test_an_answer_that_rules_the_part_out_says_so(world: World) -> None:
    case = world.open(world.finding(fault="starter"))
    shown = give(world, case["id"], "drive", "fwd")
    assert (shown["state"], shown["questions"]) == ("open", [])
    assert [reason["code"] for reason in shown["reasons"]] == ["no_fitting_part"]
    assert world.nothing_is_held()


def test_equipment_is_answered_with_yes_or_no(world: World) -> None:
    equipped(world, starter_awd={"stop_start": True})
    case = world.open(world.finding(fault="starter"))
    assert [(one["attribute"], one["kind"]) for one in case["questions"]] == [("stop_start", "yes_no")]
    with pytest.raises(Invalid):
        give(world, case["id"], "stop_start", "perhaps")
    assert give(world, case["id"], "stop_start", "yes")["state"] == "proposed"


@pytest.mark.parametrize(
    ("attribute", "value", "who", "refusal"),
    [
        ("drive", "by wire", "owner", Invalid),
        ("engine_code", "CZDA", "owner", Invalid),  # not asked
        ("drive", "awd", "stranger", NotFound),
        ("drive", "awd", "technician", NotFound),
    ],
)
def test_what_was_not_asked_or_is_not_ones_own_is_refused(
    world: World, attribute: str, value: str, who: str, refusal: type[Refusal]
) -> None:
    case = world.open(world.finding(fault="starter"))
    with pytest.raises(refusal):
        give(world, case["id"], attribute, value, getattr(world, who))
    with world.database.unit() as unit:
        assert Vehicles().get(unit, world.owner, world.vehicle.id).config == GOLF


def test_a_case_with_its_visit_asks_nothing_any_more(world: World) -> None:
    case = world.open(world.finding(fault="starter"))
    give(world, case["id"], "drive", "awd")
    with pytest.raises(Conflict):
        give(world, case["id"], "drive", "fwd")


def test_another_case_that_asked_the_same_goes_on_by_itself(world: World) -> None:
    with world.database.unit() as unit:
        unit.connection.execute(applications.update().where(applications.c.part == "pump").values(drive="awd"))
    starter, pump = (world.open(world.finding(f"f_{fault}", fault=fault))["id"] for fault in ("starter", "fuel_pump"))
    give(world, starter, "drive", "awd")
    assert world.case(pump)["questions"] == []
    with world.database.unit() as unit:
        assert go_on_one(unit, Vehicles())
    with world.database.unit() as unit:
        assert not go_on_one(unit, Vehicles())
    assert world.case(pump)["state"] == "proposed"
    assert set(world.reserved()) == {"starter_awd", "pump"}


def test_a_successor_is_taken_when_the_part_itself_is_gone(world: World) -> None:
    with world.database.unit() as unit:
        put_part(unit, "alt_new", "alternator", 90_000, {"loc_central": 3})
        unit.connection.execute(applications.delete().where(applications.c.part == "alt_new"))
        unit.connection.execute(stock.update().where(stock.c.part.in_(["alt_shelf", "alt_central"])).values(on_hand=0))
        unit.connection.execute(
            supersessions.insert().values(part="alt_shelf", replaced_by="alt_new", from_date=date(2026, 11, 1))
        )
    lines = world.open()["estimate"]["lines"]
    assert "alt_new" in {line["part"] for line in lines}


def test_a_successor_of_a_later_day_is_not_taken_yet(world: World) -> None:
    with world.database.unit() as unit:
        put_part(unit, "alt_new", "alternator", 90_000, {"loc_central": 3})
        unit.connection.execute(applications.delete().where(applications.c.part == "alt_new"))
        unit.connection.execute(stock.update().where(stock.c.part.in_(["alt_shelf", "alt_central"])).values(on_hand=0))
        unit.connection.execute(
            supersessions.insert().values(part="alt_shelf", replaced_by="alt_new", from_date=date(2030, 1, 1))
        )
    assert world.open()["state"] == "open"


def test_parts_that_the_catalogue_does_not_tell_apart_are_not_chosen_between(world: World) -> None:
    with world.database.unit() as unit:
        put_part(unit, "starter_too", "starter_motor", 50_000, {"loc_central": 3}, drive="awd")
    case = world.open(world.finding(fault="starter"))
    shown = give(world, case["id"], "drive", "awd")
    assert [reason["code"] for reason in shown["reasons"]] == ["part_unclear"]
    assert [one["attribute"] for one in shown["questions"]] == [None]


@pytest.mark.parametrize(
    ("attribute", "kind", "value", "kept"),
    [
        ("model_year", AnswerKind.YEAR, " 2014 ", 2014),
        ("build_month", AnswerKind.MONTH, "2014-06", "2014-06"),
        ("displacement_l", AnswerKind.NUMBER, "1,4", 1.4),
        ("fuel", AnswerKind.CHOICE, "柴油", "diesel"),
        ("engine_code", AnswerKind.TEXT, "CZDA", "CZDA"),
        ("aspiration_code", AnswerKind.CODE, "5", {"aspiration": 5}),
    ],
)
def test_answers_are_written_as_the_configuration_has_them(
    attribute: str, kind: AnswerKind, value: str, kept: object
) -> None:
    config = answered(GOLF, attribute, kind, value)
    assert (config.codes if kind is AnswerKind.CODE else getattr(config, attribute)) == kept


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("model_year", "14"),
        ("build_month", "2014-13"),
        ("displacement_l", "much"),
        ("fuel", "wood"),
        ("equipment", "x"),
    ],
)
def test_answers_that_cannot_be_are_refused(attribute: str, value: str) -> None:
    with pytest.raises(Invalid):
        answered(GOLF, attribute, AnswerKind.TEXT, value)
