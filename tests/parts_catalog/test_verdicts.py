"""The judge of fitment: the five answers, case by case."""

from dataclasses import replace
from typing import Any

import pytest

from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog.applications import Application
from parts_catalog.parts import FitVerdict
from parts_catalog.verdicts import Car, Ruling, judge

LINE = Application(
    "line 1", make="volkswagen", model_line="golf", year_from=2009, year_to=2013, fuel="petrol", displacement_l=1.4
)
GOLF = VehicleConfig(
    make="VW", model_line="Golf", model_year=2011, fuel=Fuel.PETROL, displacement_l=1.39, aspiration="NA"
)


def rule(*lines: Application, complete: bool = False, **known: Any) -> Ruling:
    return judge(lines, Car.of(replace(GOLF, **known), "volkswagen", "golf"), complete=complete)


def test_a_line_fits_when_every_stated_attribute_agrees() -> None:
    assert rule(LINE) == Ruling(FitVerdict.FITS, LINE)


@pytest.mark.parametrize(
    "known", [{"model_year": 2014}, {"model_year": 2008}, {"fuel": Fuel.DIESEL}, {"displacement_l": 1.6}]
)
def test_one_contradiction_is_enough_not_to_fit(known: dict[str, Any]) -> None:
    assert rule(LINE, **known).verdict is FitVerdict.DOES_NOT_FIT


@pytest.mark.parametrize("attribute", ["model_year", "fuel", "displacement_l"])
def test_an_unknown_attribute_is_asked_for_and_never_guessed(attribute: str) -> None:
    unknown: dict[str, Any] = {attribute: None}
    ruling = rule(LINE, **unknown)
    assert (ruling.verdict, ruling.question) == (FitVerdict.DEPENDS_ON, attribute)


def test_a_contradiction_beats_an_unknown() -> None:
    assert rule(LINE, displacement_l=None, fuel=Fuel.DIESEL).verdict is FitVerdict.DOES_NOT_FIT


def test_any_one_of_several_lines_is_enough() -> None:
    assert rule(replace(LINE, fuel="diesel"), LINE).verdict is FitVerdict.FITS


def test_no_line_is_unknown_unless_the_catalogue_is_declared_complete() -> None:
    other = replace(LINE, model_line="polo")
    assert rule(other).verdict is FitVerdict.UNKNOWN
    assert rule(other, complete=True).verdict is FitVerdict.DOES_NOT_FIT


def test_words_of_attributes_are_understood_in_many_spellings() -> None:
    line = replace(LINE, aspiration="naturally_aspirated")
    for word in ("NA", "naturally aspirated", "自然吸气", "Naturally_Aspirated"):
        assert rule(line, aspiration=word).verdict is FitVerdict.FITS
    assert rule(line, aspiration="Turbo").verdict is FitVerdict.DOES_NOT_FIT


def test_a_word_that_is_not_understood_is_asked_for() -> None:
    ruling = rule(replace(LINE, aspiration="turbocharged"), aspiration="blown")
    assert (ruling.verdict, ruling.question) == (FitVerdict.DEPENDS_ON, "aspiration")


@pytest.mark.parametrize(
    ("known", "early", "late"),
    [
        ({"build_month": "2011-06"}, FitVerdict.FITS, FitVerdict.DOES_NOT_FIT),
        ({"build_month": "2011-07"}, FitVerdict.DOES_NOT_FIT, FitVerdict.FITS),
        ({"build_month": None}, FitVerdict.DEPENDS_ON, FitVerdict.DEPENDS_ON),
        ({"build_month": "June 2011"}, FitVerdict.DEPENDS_ON, FitVerdict.DEPENDS_ON),
        # Model year 2012 may have been built from July 2011 on: all of it after the change.
        ({"build_month": None, "model_year": 2012}, FitVerdict.DOES_NOT_FIT, FitVerdict.FITS),
        ({"build_month": None, "model_year": 2010}, FitVerdict.FITS, FitVerdict.DOES_NOT_FIT),
    ],
)
def test_a_change_in_mid_production_is_settled_by_the_build_month_alone(
    known: dict[str, Any], early: FitVerdict, late: FitVerdict
) -> None:
    assert rule(replace(LINE, built_to="2011-06"), **known).verdict is early
    assert rule(replace(LINE, built_from="2011-07"), **known).verdict is late


def test_a_build_month_leaves_one_or_two_model_years() -> None:
    assert rule(LINE, model_year=None, build_month="2013-06").verdict is FitVerdict.FITS
    assert rule(LINE, model_year=None, build_month="2013-07").question == "model_year"


def test_unknown_equipment_is_a_condition_and_known_equipment_settles_it() -> None:
    line = replace(LINE, equipment={"air_conditioning": False})
    ruling = rule(line)
    assert (ruling.verdict, ruling.question) == (FitVerdict.FITS_IF, "air_conditioning")
    assert [(c.en, c.zh) for c in ruling.conditions] == [("without air conditioning", "不带空调")]
    assert rule(line, equipment={"Air-Conditioning": False}).verdict is FitVerdict.FITS
    assert rule(line, equipment={"air_conditioning": True}).verdict is FitVerdict.DOES_NOT_FIT


def test_a_note_is_always_a_condition_for_a_person() -> None:
    ruling = rule(replace(LINE, note_en="disc diameter 280 mm", note_zh="制动盘直径280毫米"))
    assert (ruling.verdict, ruling.conditions[0].zh) == (FitVerdict.FITS_IF, "制动盘直径280毫米")


def test_a_link_to_the_model_alone_never_fits() -> None:
    bare = Application("line 1", make="volkswagen", model_line="golf")
    assert rule(bare).verdict is FitVerdict.FITS_IF
    assert (
        rule(Application("line 1", make="volkswagen", model_line="golf", fuel="petrol")).verdict is FitVerdict.FITS_IF
    )


def test_a_universal_part_fits_what_it_does_not_exclude() -> None:
    assert rule(Application("line 1")).verdict is FitVerdict.FITS
    assert rule(Application("line 1", fuel="diesel")).verdict is FitVerdict.DOES_NOT_FIT


def test_an_exclusion_beats_what_other_lines_say() -> None:
    turbo = replace(LINE, aspiration="turbocharged", excludes=True)
    assert rule(LINE, turbo, aspiration="turbo").verdict is FitVerdict.DOES_NOT_FIT
    assert rule(LINE, turbo, aspiration="NA").verdict is FitVerdict.FITS
    assert rule(LINE, turbo, aspiration=None).question == "aspiration"
    assert rule(LINE, Application("line 2", make="volkswagen", excludes=True)).verdict is FitVerdict.DOES_NOT_FIT


def test_an_exclusion_on_unknown_equipment_is_a_condition() -> None:
    ruling = rule(LINE, replace(LINE, equipment={"stop_start": True}, excludes=True))
    assert (ruling.verdict, ruling.question) == (FitVerdict.FITS_IF, "stop_start")
    assert ruling.conditions[0].en == "not with stop-start system"


def test_equipment_that_is_neither_true_nor_false_settles_nothing() -> None:
    line = replace(LINE, equipment={"air_conditioning": True})
    assert rule(line, equipment={"air_conditioning": "perhaps"}).verdict is FitVerdict.FITS_IF
