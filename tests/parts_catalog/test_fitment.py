"""Fitment over the database: narrowing finds what judging every line would find."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.database import Database, UnitOfWork
from foundation.refusals import NotFound
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog.applications import Application
from parts_catalog.fitment import fit_of, fitting_parts
from parts_catalog.parts import FitVerdict
from parts_catalog.verdicts import place
from tests.parts_catalog.rows import add_brand, add_part, declare_complete

CAR = VehicleConfig(make="Toyota", model_line="Etios", model_year=2014, fuel=Fuel.PETROL, displacement_l=1.5)
LINE = Application("line 1", make="toyota", model_line="etios", year_from=2010, year_to=2020)


@pytest.fixture
def unit(database: Database) -> Any:
    with database.unit() as unit:
        add_brand(unit)
        yield unit


def test_make_and_model_are_found_in_any_case_and_spelling(unit: UnitOfWork) -> None:
    add_part(unit, "p1", LINE)
    for make, model in (("TOYOTA", "etios"), ("丰田", "ETIOS "), ("toyota", "É-tios")):
        assert [a.part.id for a in fitting_parts(unit, replace(CAR, make=make, model_line=model), "alternator")] == [
            "p1"
        ]


def test_the_part_type_may_be_given_in_words_and_must_exist(unit: UnitOfWork) -> None:
    add_part(unit, "p1", LINE)
    for written in ("alternator", "Alternator", "发电机"):
        assert len(fitting_parts(unit, CAR, written)) == 1
    with pytest.raises(NotFound):
        fitting_parts(unit, CAR, "flux_capacitor")


def test_what_fits_comes_first_and_universal_parts_rank_apart(unit: UnitOfWork) -> None:
    add_brand(unit, "Second", rank=2)
    add_part(unit, "p_if", replace(LINE, equipment={"stop_start": True}))
    add_part(unit, "p_universal", Application("line 2"))
    add_part(unit, "p_second", LINE, brand="Second")
    add_part(unit, "p_ask", replace(LINE, engine_code="2NRFE"))
    add_part(unit, "p_not", replace(LINE, year_to=2012))
    add_part(unit, "p_first", LINE)
    found = fitting_parts(unit, CAR, "alternator")
    assert [a.part.id for a in found] == ["p_first", "p_second", "p_universal", "p_if", "p_ask"]
    assert [a.question for a in found] == [None, None, None, "stop_start", "engine_code"]


def test_positions_are_answered_apart_with_their_own_quantity(unit: UnitOfWork) -> None:
    add_part(unit, "p1", replace(LINE, position="front", quantity=2), replace(LINE, position="rear", quantity=4))
    found = fitting_parts(unit, CAR, "alternator")
    assert [(a.position, a.quantity) for a in found] == [("front", 2), ("rear", 4)]
    assert [a.position for a in fitting_parts(unit, CAR, "alternator", "rear")] == ["rear"]


def test_an_answer_names_its_catalogue_line(unit: UnitOfWork) -> None:
    add_part(unit, "p1", replace(LINE, source="catalogue.xml:17"))
    assert fit_of(unit, "p1", CAR).source == "catalogue.xml:17"


def test_without_a_line_the_answer_is_unknown_until_the_brand_declares_itself_complete(unit: UnitOfWork) -> None:
    add_part(unit, "p1", replace(LINE, model_line="corolla"))
    assert fit_of(unit, "p1", CAR).verdict is FitVerdict.UNKNOWN
    declare_complete(unit)
    answer = fit_of(unit, "p1", CAR)
    assert (answer.verdict, answer.source) == (FitVerdict.DOES_NOT_FIT, "all of Testmark")


def test_a_car_of_unknown_make_is_asked_for_it(unit: UnitOfWork) -> None:
    add_part(unit, "p1", LINE)
    assert fit_of(unit, "p1", replace(CAR, make=None)).question == "make"
    assert [a.question for a in fitting_parts(unit, VehicleConfig(), "alternator")] == ["make"]


def test_a_part_that_does_not_exist_is_not_found(unit: UnitOfWork) -> None:
    with pytest.raises(NotFound):
        fit_of(unit, "nothing", CAR)


# The reference: put every possible car that agrees with what is known against each line, and look at the outcomes.
YEARS, FUELS, LITRES, CODES = range(2013, 2016), ("petrol", "diesel"), (1.4, 1.5), ("A1", "B2")
EQUIPMENT = ("air_conditioning", "stop_start")


def optional(values: Any) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(list(values))


lines = st.builds(
    Application,
    source=st.just("line"),
    make=st.just("toyota"),
    model_line=st.sampled_from(["etios", "yaris"]),
    year_from=st.sampled_from(YEARS),
    year_to=st.just(2015),
    fuel=optional(FUELS),
    displacement_l=optional(LITRES),
    engine_code=optional(CODES),
    equipment=st.dictionaries(st.sampled_from(EQUIPMENT), st.booleans()),
)
cars = st.builds(
    VehicleConfig,
    make=st.just("Toyota"),
    model_line=st.sampled_from([None, "Etios", "Yaris"]),
    model_year=optional(YEARS),
    fuel=optional([Fuel.PETROL, Fuel.DIESEL]),
    displacement_l=optional(LITRES),
    engine_code=optional(CODES),
    equipment=st.dictionaries(st.sampled_from(EQUIPMENT), st.booleans()),
)


def reference(line: Application, car: VehicleConfig) -> FitVerdict:
    known = (car.model_line, car.model_year, car.fuel, car.displacement_l, car.engine_code)
    domains = (("Etios", "Yaris"), range(2012, 2016), FUELS, LITRES, CODES)
    worlds = product(*([value] if value is not None else domain for value, domain in zip(known, domains, strict=True)))
    fitted = tuple(product((True, False), repeat=2))
    always, ever, unconditional = True, False, True
    for model, year, fuel, litres, code in worlds:
        plain = (
            line.model_line == str(model).lower()
            and line.year_from <= year <= line.year_to  # type: ignore[operator]
            and line.fuel in (None, fuel)
            and line.displacement_l in (None, litres)
            and line.engine_code in (None, code)
        )
        outcomes = [
            all(has[EQUIPMENT.index(name)] == wanted for name, wanted in (line.equipment or {}).items())
            for has in fitted
            if all(has[EQUIPMENT.index(name)] == known for name, known in (car.equipment or {}).items())
        ]
        always, ever = always and plain, ever or (plain and any(outcomes))
        unconditional = unconditional and all(outcomes)
    if not ever:
        return FitVerdict.DOES_NOT_FIT
    if not always:
        return FitVerdict.DEPENDS_ON
    return FitVerdict.FITS if unconditional else FitVerdict.FITS_IF


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(catalogue=st.lists(st.lists(lines, min_size=1, max_size=3), max_size=4), car=cars)
def test_random_catalogues_answer_as_trying_every_possible_car(
    database: Database, catalogue: list[list[Application]], car: VehicleConfig
) -> None:
    with database.unit() as unit, unit.connection.begin_nested() as example:
        add_brand(unit)
        expected = {}
        for number, part_lines in enumerate(catalogue):
            part = add_part(unit, f"p{number}", *part_lines)
            expected[part] = min((reference(line, car) for line in part_lines), key=place)
        offered = {part: v for part, v in expected.items() if v is not FitVerdict.DOES_NOT_FIT}
        found = fitting_parts(unit, car, "alternator")
        assert {answer.part.id: answer.verdict for answer in found} == offered
        assert [place(answer.verdict) for answer in found] == sorted(place(v) for v in offered.values())
        assert all((answer.question is not None) >= (answer.verdict is FitVerdict.DEPENDS_ON) for answer in found)
        example.rollback()
