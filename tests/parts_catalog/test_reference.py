"""The engine answers as trying every possible car does: by itself, and with SQL in the loop."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.database import Database
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog.applications import Application
from parts_catalog.fitment import fits_of, fitting_parts
from parts_catalog.parts import FitVerdict
from parts_catalog.tables import applications, kit_components
from parts_catalog.verdicts import Car, judge, place
from tests.parts_catalog.reference import DOMAINS, all_must_fit, changes, outcomes, speaks_of, verdict
from tests.parts_catalog.rows import add_brand, add_import, add_part

OFFERED = {FitVerdict.FITS, FitVerdict.FITS_IF, FitVerdict.DEPENDS_ON}


STATED: dict[str, st.SearchStrategy[Any]] = {
    "year_from": st.sampled_from((2013, 2014)),
    "year_to": st.sampled_from((2014, 2016)),
    "built_from": st.sampled_from(("2013-06", "2014-03")),
    "built_to": st.sampled_from(("2014-03", "2015-12")),
    "fuel": st.sampled_from(("petrol", "diesel")),
    "displacement_l": st.sampled_from((1.4, 1.5)),
    "engine_code": st.sampled_from(("A1", "B2")),
    "attributes": st.sampled_from(({"submodel": 20}, {"submodel": 21})),
    "equipment": st.dictionaries(st.sampled_from(("air_conditioning", "stop_start")), st.booleans(), max_size=2),
    "note_en": st.just("blue plug"),
    "qualifiers": st.just([{"id": 7, "text": "to chassis 500"}]),
}
NAMES = ({"make": "toyota", "model_line": "etios"},) * 4 + (
    {"make": "toyota", "model_line": "yaris"},
    {"make": "toyota"},
    {},
    {"base_vehicle": 4811},
)


@st.composite
def lines(draw: st.DrawFn) -> Application:
    """Give a line that states little, so that several of them meet in one car."""
    stated = draw(st.sets(st.sampled_from(sorted(STATED)), max_size=3))
    return Application(
        "line",
        **draw(st.sampled_from(NAMES)),
        **{name: draw(STATED[name]) for name in sorted(stated)},
        quantity=draw(st.sampled_from((1, 1, 1, 2))),
        excludes=draw(st.sampled_from((False, False, True))),
    )


@st.composite
def cars(draw: st.DrawFn) -> VehicleConfig:
    """Give a car of which at most three plain attributes are unknown; its year and month are known or not besides."""
    known = {name: draw(st.sampled_from(domain[:2])) for name, domain in DOMAINS.items()}
    known |= {"make": "toyota", "model_line": draw(st.sampled_from(("etios", "etios", "yaris")))}
    for name in draw(st.sets(st.sampled_from(sorted(DOMAINS)), max_size=3)):
        known[name] = draw(st.sampled_from((None, None, DOMAINS[name][-1])))
    codes = {"submodel": known["submodel"], "base_vehicle": draw(st.sampled_from((None, 4811, 4812)))}
    return VehicleConfig(
        make=known["make"],
        model_line=known["model_line"],
        model_year=draw(st.sampled_from((None, 2013, 2014, 2016))),
        build_month=draw(st.sampled_from((None, None, "2013-09", "2014-03"))),
        fuel=Fuel(known["fuel"]) if known["fuel"] in set(Fuel) else None,
        displacement_l=known["displacement_l"],
        engine_code=known["engine_code"],
        equipment=draw(STATED["equipment"]),
        codes={name: code for name, code in codes.items() if code is not None},
    )


def understood(car: VehicleConfig) -> VehicleConfig:
    """Give the car in the catalogue's spelling, as the engine sees it."""
    return replace(car, engine_code=car.engine_code and car.engine_code.upper().replace(" ", ""))


listed_years = st.none() | st.lists(st.integers(2012, 2015), min_size=1, max_size=3)


@settings(max_examples=600, deadline=None)
@given(part=st.lists(lines(), min_size=1, max_size=4), car=cars(), years=listed_years, complete=st.booleans())
def test_the_judge_answers_as_trying_every_possible_car(
    part: list[Application], car: VehicleConfig, years: list[int] | None, complete: bool
) -> None:
    ruling = judge(part, Car.of(car, car.make, car.model_line, years), complete=complete)
    assert ruling.verdict is verdict(part, understood(car), years, complete=complete)
    if ruling.verdict is FitVerdict.DEPENDS_ON:
        about = [line for line in part if speaks_of(line, car)]
        positive = [line for line in about if not line.excludes and line.quantity == ruling.line.quantity]  # type: ignore[union-attr]
        found = outcomes(positive, [line for line in about if line.excludes], understood(car), years)
        assert changes(found, ruling.question or "")
    assert (ruling.verdict is FitVerdict.FITS_IF) <= bool(ruling.conditions)


Parts = st.lists(st.lists(st.tuples(lines(), st.sampled_from((None, "front"))), max_size=3), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(catalogue=Parts, kit=st.sets(st.integers(0, 3), max_size=3), car=cars())
def test_sql_finds_what_trying_every_line_would_find(
    database: Database, catalogue: list[list[tuple[Application, str | None]]], kit: set[int], car: VehicleConfig
) -> None:
    """Parts with positions, lines that an import took out, and a kit without lines of its own."""
    with database.unit() as unit, unit.connection.begin_nested() as example:
        add_brand(unit)
        expected: dict[tuple[str, str | None], FitVerdict] = {}
        best: dict[str, FitVerdict] = {}
        for number, placed in enumerate(catalogue):
            part = add_part(unit, f"p{number}", *(replace(line, position=position) for line, position in placed))
            # A place is where the part is said to go on such a car; where it is only barred is no place of its own.
            about = [at for line, at in placed if not line.excludes and speaks_of(line, understood(car))]
            positions = {*about} or {None}
            for position in positions:
                mine = [line for line, at in placed if at == position or (line.excludes and at is None)]
                expected[part, position] = verdict(mine, understood(car))
            best[part] = min((expected[part, position] for position in positions), key=place)
        components = [f"p{number}" for number in sorted(kit) if number < len(catalogue)]
        add_part(unit, "kit")
        for component in components:
            unit.connection.execute(kit_components.insert().values(kit="kit", component=component))
        best["kit"] = all_must_fit([best[one] for one in components]) if components else FitVerdict.UNKNOWN
        gone = add_part(unit, "gone", Application("was for all"))
        unit.connection.execute(
            applications.update().where(applications.c.part == gone).values(removed_by=add_import(unit))
        )
        found = {(answer.part.id, answer.position): answer.verdict for answer in fitting_parts(unit, car, "alternator")}
        found.pop(("kit", None), None)
        assert found == {key: one for key, one in expected.items() if one in OFFERED}
        answers = fits_of(unit, [*best, "gone"], car)
        assert {part: answer.verdict for part, answer in answers.items()} == {**best, "gone": FitVerdict.UNKNOWN}
        example.rollback()
