"""What parts are to one another: kits, successors with stock at each hop, interchange, overlaps; what codes mean."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event

from foundation.database import Database, UnitOfWork
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog.applications import Application
from parts_catalog.fitment import fit_of, fitting_parts
from parts_catalog.parts import FitVerdict, Relation
from parts_catalog.tables import (
    applications,
    interchanges,
    kit_components,
    reference_codes,
    supersessions,
)
from parts_catalog.words import answer_words, related_words
from tests.parts_catalog.rows import add_brand, add_import, add_part, add_stock

CAR = VehicleConfig(make="Toyota", model_line="Etios", model_year=2014, fuel=Fuel.PETROL, displacement_l=1.5)
LINE = Application("line 1", make="toyota", model_line="etios", year_from=2010, year_to=2020)


@pytest.fixture
def unit(database: Database) -> Any:
    with database.unit() as unit:
        add_brand(unit)
        yield unit


def put(unit: UnitOfWork, table: Any, *rows: dict[str, Any]) -> None:
    unit.connection.execute(table.insert(), list(rows))


def kit(unit: UnitOfWork, *components: str, name: str = "kit", lines: tuple[Application, ...] = ()) -> None:
    add_part(unit, name, *lines, part_type="timing_belt_kit")
    for component in components:
        put(unit, kit_components, {"kit": name, "component": component})


def test_a_kit_fits_when_all_that_it_requires_fits(unit: UnitOfWork) -> None:
    add_part(unit, "belt", LINE)
    add_part(unit, "pulley", replace(LINE, engine_code="2NRFE"), part_type="belt_tensioner")
    add_part(unit, "sticker", replace(LINE, model_line="yaris"))
    kit(unit, "belt", "pulley")
    put(unit, kit_components, {"kit": "kit", "component": "sticker", "required": False})
    [answer] = fitting_parts(unit, CAR, "timing_belt_kit")
    assert (answer.part.id, answer.verdict, answer.question, answer.quantity) == (
        "kit",
        FitVerdict.DEPENDS_ON,
        "engine_code",
        1,
    )
    assert fit_of(unit, "kit", replace(CAR, engine_code="2NR-FE")).verdict is FitVerdict.FITS
    assert fit_of(unit, "kit", replace(CAR, engine_code="1NZ")).verdict is FitVerdict.DOES_NOT_FIT


def test_a_kits_own_lines_and_kits_in_kits_count_too(unit: UnitOfWork) -> None:
    add_part(unit, "belt", LINE)
    kit(unit, "belt", name="inner")
    kit(unit, "inner", lines=(replace(LINE, note_en="with the tool", note_zh="需专用工具"),))
    assert fit_of(unit, "kit", CAR).conditions_en == ("with the tool",)
    unit.connection.execute(
        applications.update().where(applications.c.part == "belt").values(removed_by=add_import(unit))
    )
    assert fit_of(unit, "kit", CAR).verdict is FitVerdict.UNKNOWN


def test_a_kit_in_a_circle_is_not_understood_and_ends(unit: UnitOfWork) -> None:
    kit(unit, name="inner", lines=(LINE,))
    kit(unit, "inner", lines=(LINE,))
    put(unit, kit_components, {"kit": "inner", "component": "kit"})
    assert fit_of(unit, "kit", CAR).verdict is FitVerdict.UNKNOWN


def test_successors_are_told_hop_by_hop_with_date_and_stock(unit: UnitOfWork) -> None:
    for name in ("old", "new", "newest"):
        add_part(unit, name, *((LINE,) if name == "old" else ()))
    add_stock(unit, "newest", on_hand=7)
    put(
        unit,
        supersessions,
        {"part": "old", "replaced_by": "new", "from_date": date(2025, 3, 1), "two_way": False},
        {"part": "new", "replaced_by": "newest", "from_date": None, "two_way": True},
    )
    [answer] = fitting_parts(unit, CAR, "alternator")
    assert [(one.of, one.part.id, one.since, one.available) for one in answer.related] == [
        ("old", "new", date(2025, 3, 1), 0),
        ("new", "newest", None, 7),
    ]
    assert related_words(answer.related[0])[0] == "Replaced by Testmark new since 2025-03-01, not in stock."
    assert related_words(answer.related[1])[1] == "由Testmark newest替代，库存7件。"
    back = fit_of(unit, "newest", CAR).related
    assert [(one.relation, one.part.id) for one in back] == [(Relation.REPLACES, "new")]


def test_a_circle_of_successors_ends(unit: UnitOfWork) -> None:
    for name in ("a", "b"):
        add_part(unit, name, LINE)
    put(unit, supersessions, {"part": "a", "replaced_by": "b"}, {"part": "b", "replaced_by": "a"})
    assert [one.part.id for one in fit_of(unit, "a", CAR).related] == ["b", "a"]


def test_an_overlap_is_marked_unless_the_parts_are_known_to_replace_one_another(unit: UnitOfWork) -> None:
    add_brand(unit, "Second", rank=2)
    for name, brand in (("a", "Testmark"), ("b", "Testmark"), ("c", "Second")):
        add_part(unit, name, LINE, brand=brand)
    marked = {answer.part.id: answer.ambiguous for answer in fitting_parts(unit, CAR, "alternator")}
    assert marked == {"a": True, "b": True, "c": False}
    assert "compare with the part on the car" in answer_words(fitting_parts(unit, CAR, "alternator")[0])[0]
    put(unit, interchanges, {"part": "b", "other": "a"})
    answers = fitting_parts(unit, CAR, "alternator")
    assert not any(answer.ambiguous for answer in answers)
    assert [one.part.id for one in answers[0].related] == ["b"]


def test_codes_are_read_by_the_lists_that_were_loaded(unit: UnitOfWork) -> None:
    add_part(unit, "p1", Application("line 1", base_vehicle=4811, attributes={"engine_base": 9, "submodel": 20}))
    assert fit_of(unit, "p1", CAR).verdict is FitVerdict.UNKNOWN
    golf = {"make": "toyota", "model_line": "etios", "year": 2014}
    put(
        unit,
        reference_codes,
        {"kind": "base_vehicle", "id": 4811, "name_en": "2014 Etios", "canonical": golf},
        {"kind": "engine_base", "id": 9, "name_en": "1.5", "canonical": {"displacement_l": 1.5}},
        {"kind": "submodel", "id": 20, "name_en": "G", "canonical": {}},
    )
    [answer] = fitting_parts(unit, CAR, "alternator")
    assert (answer.question, answer.choices) == ("submodel", ("20",))
    assert fit_of(unit, "p1", replace(CAR, displacement_l=1.6)).verdict is FitVerdict.DOES_NOT_FIT
    assert fit_of(unit, "p1", replace(CAR, codes={"submodel": 20})).verdict is FitVerdict.FITS
    assert fit_of(unit, "p1", replace(CAR, model_year=2015)).verdict is FitVerdict.DOES_NOT_FIT


def test_an_imported_line_names_its_file_and_its_line(unit: UnitOfWork) -> None:
    add_part(unit, "p1")
    stated = {"part": "p1", "part_type": "alternator", "make": "toyota", "year_from": 2010}
    unit.connection.execute(applications.insert().values(import_id=add_import(unit, "acme.xml"), line=17, **stated))
    assert fit_of(unit, "p1", CAR).source == "acme.xml, line 17"


def test_the_number_of_statements_does_not_grow_with_the_catalogue(unit: UnitOfWork) -> None:
    def statements() -> int:
        counted: list[str] = []
        note = lambda *given: counted.append(given[2])  # noqa: E731
        event.listen(unit.connection, "before_cursor_execute", note)
        fitting_parts(unit, CAR, "alternator")
        event.remove(unit.connection, "before_cursor_execute", note)
        return len(counted)

    add_part(unit, "p0", LINE)
    add_part(unit, "p1", LINE)
    put(unit, supersessions, {"part": "p0", "replaced_by": "p1"})
    few = statements()
    for number in range(2, 30):
        add_part(unit, f"p{number}", LINE, replace(LINE, position="front"))
        put(unit, supersessions, {"part": f"p{number - 1}", "replaced_by": f"p{number}"})
    assert statements() == few <= 5
