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


EARLY, LATE = replace(LINE, built_to="2011-06"), replace(LINE, built_from="2011-07")


def test_lines_that_together_leave_no_car_out_fit_without_a_question() -> None:
    assert rule(EARLY, LATE, build_month=None) == Ruling(FitVerdict.FITS, EARLY)
    with_ac, without = (replace(LINE, equipment={"air_conditioning": has}) for has in (True, False))
    assert rule(with_ac, without).verdict is FitVerdict.FITS


def test_another_quantity_is_another_statement() -> None:
    ruling = rule(EARLY, replace(LATE, quantity=2), build_month=None)
    assert (ruling.verdict, ruling.question) == (FitVerdict.DEPENDS_ON, "build_month")
    both = rule(LINE, replace(LINE, quantity=2))
    assert (both.verdict, both.ambiguous) == (FitVerdict.FITS, True)


def test_only_what_makes_a_difference_is_asked() -> None:
    coded = replace(LINE, fuel=None, engine_code="CAXA")
    ruling = rule(replace(coded, fuel="petrol"), coded, fuel=None)
    assert (ruling.question, ruling.choices) == ("engine_code", ("CAXA",))


def test_conditions_may_be_enough_for_several_lines_together() -> None:
    with_ac = ({"air_conditioning": True}, {"air_conditioning": False})
    ruling = rule(
        replace(EARLY, equipment=with_ac[1]), replace(EARLY, equipment=with_ac[0]), replace(LATE, equipment=with_ac[0])
    )
    assert (ruling.verdict, [one.en for one in ruling.conditions]) == (FitVerdict.FITS_IF, ["with air conditioning"])


def test_a_code_that_no_list_explains_is_asked_for_and_the_cars_own_code_settles_it() -> None:
    coded = replace(LINE, attributes={"engine_base": 123, "aspiration": 5})
    ruling = rule(coded)
    assert (ruling.verdict, ruling.question, ruling.choices) == (FitVerdict.DEPENDS_ON, "aspiration_code", ("5",))
    assert rule(coded, codes={"aspiration": 5, "engine_base": 123}).verdict is FitVerdict.FITS
    assert rule(coded, codes={"engine_base": 124}).verdict is FitVerdict.DOES_NOT_FIT


def test_a_base_vehicle_that_cannot_be_compared_says_nothing() -> None:
    coded = Application("line 1", base_vehicle=4811)
    assert rule(coded).verdict is FitVerdict.UNKNOWN
    assert rule(coded, codes={"base_vehicle": 4811}).verdict is FitVerdict.FITS
    for kind in ("make", "mfr", "equipment_base"):
        assert rule(Application("line 1", attributes={kind: 54})).verdict is FitVerdict.UNKNOWN


def test_qualifiers_are_conditions_in_both_languages() -> None:
    ruling = rule(replace(LINE, qualifiers=[{"id": 7, "text": "to chassis 500", "text_zh": "至车架500"}]))
    assert [(one.en, one.zh) for one in ruling.conditions] == [("to chassis 500", "至车架500")]


def test_of_a_list_of_years_only_later_ones_than_its_last_remain_open() -> None:
    def verdict(line: Application) -> FitVerdict:
        car = Car.of(replace(GOLF, model_year=None), "volkswagen", "golf", years=[2010, 2011])
        return judge([line], car, complete=False).verdict

    assert verdict(replace(LINE, year_to=None)) is FitVerdict.FITS
    assert verdict(LINE) is FitVerdict.DEPENDS_ON
    assert verdict(replace(LINE, year_from=1990, year_to=2009)) is FitVerdict.DOES_NOT_FIT
