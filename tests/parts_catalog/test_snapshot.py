"""The snapshot says what SQL says, and nothing once the catalogue has moved on."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from foundation.database import Database, UnitOfWork
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog import fitment
from parts_catalog.applications import Application
from parts_catalog.configurations import list_configurations, vehicle_keys
from parts_catalog.fitment import fits_of, fitting_parts_for
from parts_catalog.part_types import PART_TYPES
from parts_catalog.parts import FitAnswer
from parts_catalog.snapshot import building
from parts_catalog.snapshot.building import build, keep_snapshot
from parts_catalog.snapshot.newest import newest
from parts_catalog.snapshot.reading import Snapshot
from parts_catalog.tables import interchanges, kit_components, parts, reference_codes
from parts_catalog.version import raise_version
from tests.parts_catalog.rows import add_brand, add_import, add_part, declare_complete

LINE = Application("line 1", make="toyota", model_line="etios", year_from=2010, year_to=2020)
CAR = VehicleConfig(make="Toyota", model_line="Etios", model_year=2014)
Answers = list[dict[str, list[FitAnswer]]]
Question = tuple[VehicleConfig, list[str]]
TYPES = ("alternator", "starter_motor")
CANDIDATES = text("""
    SELECT DISTINCT p.no FROM applications a JOIN parts p ON p.id = a.part
    LEFT JOIN reference_codes r ON r.kind = 'base_vehicle' AND r.id = a.base_vehicle AND a.make IS NULL
    LEFT JOIN reference_codes m ON m.kind = 'make' AND m.id = (a.attributes ->> 'make')::int
        AND a.make IS NULL AND a.base_vehicle IS NULL
    LEFT JOIN reference_codes o ON o.kind = 'model_line' AND o.id = (a.attributes ->> 'model_line')::int
        AND m.id IS NOT NULL
    WHERE a.removed_by IS NULL AND p.removed_by IS NULL AND NOT a.excludes AND a.part_type = :kind
        AND (a.base_vehicle IS NULL AND :make = coalesce(a.make, m.canonical ->> 'make',
                CASE WHEN a.attributes ?| ARRAY['make', 'mfr'] THEN 'unknown' END, :make)
             OR coalesce(a.make, r.canonical ->> 'make') = :make
                AND (a.make IS NOT NULL OR r.canonical ->> 'model_line' IS NOT NULL))
        AND coalesce(a.model_line, r.canonical ->> 'model_line', o.canonical ->> 'model_line', :model) = :model
        AND (cast(:year AS int) IS NULL OR coalesce(a.year_from, (r.canonical ->> 'year')::int, :year) <= :year
             AND coalesce(a.year_to, (r.canonical ->> 'year')::int, :year) >= :year)
    ORDER BY p.no
""")


QUESTIONS = [(CAR, ["alternator"])]


@pytest.fixture
def kept(tmp_path: Path, database: Database) -> Database:
    """A database with one part, and the snapshot of it."""
    database.data = tmp_path
    with database.unit() as unit:
        add_brand(unit)
        add_part(unit, "p1", LINE)
        raise_version(unit)
    assert keep_snapshot(database) is not None
    return database


def by_sql(unit: UnitOfWork, questions: Sequence[Question]) -> Answers:
    unit.data, data = None, unit.data
    found = fitting_parts_for(unit, questions)
    unit.data = data
    return found


def same_fits(unit: UnitOfWork, wanted: Sequence[str], config: VehicleConfig) -> None:
    found = fits_of(unit, wanted, config)
    unit.data, data = None, unit.data
    assert found == fits_of(unit, wanted, config)
    unit.data = data


def from_files(unit: UnitOfWork, questions: Sequence[Question], monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Answer with SQL's own reading of lines out of order."""
    assert newest(unit) is not None
    with monkeypatch.context() as patched:
        patched.setattr(fitment, "_said_of_types", None)
        patched.setattr(fitment, "_said_of_parts", None)
        return fitting_parts_for(unit, questions)


def ids(found: Answers) -> list[str]:
    return [answer.part.id for answer in found[0]["alternator"]]


def test_a_change_is_seen_at_once_and_read_from_files_again_when_they_are_built(
    kept: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept.unit() as before:
        assert ids(from_files(before, QUESTIONS, monkeypatch)) == ["p1"]
        with kept.unit() as unit:
            add_part(unit, "p2", LINE)
            raise_version(unit)
        # The same unit of work, and the next one: nothing was built since, so SQL answers.
        assert newest(before) is None
        assert ids(fitting_parts_for(before, QUESTIONS)) == ["p1", "p2"]
    assert keep_snapshot(kept) is not None
    with kept.unit() as unit:
        assert ids(from_files(unit, QUESTIONS, monkeypatch)) == ["p1", "p2"]
    assert keep_snapshot(kept) is None


def test_a_change_that_was_rolled_back_leaves_the_snapshot_as_it_is(kept: Database) -> None:
    with kept.unit() as unit, unit.connection.begin_nested() as change:
        raise_version(unit)
        change.rollback()
    with kept.unit() as unit:
        assert newest(unit) is not None


def test_a_change_while_the_files_are_written_is_not_in_them_and_they_are_not_used(
    kept: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept.unit() as unit:
        version = raise_version(unit)

    def change(unit: UnitOfWork, folder: Path) -> None:
        write_kits(unit, folder)
        with kept.unit() as other:
            add_part(other, "p2", LINE)
            raise_version(other)

    write_kits = building._write_kits
    with monkeypatch.context() as patched:
        patched.setattr(building, "_write_kits", change)
        built = keep_snapshot(kept)
    assert built is not None
    assert (built.version, built.lines) == (version, 1)
    with kept.unit() as unit:
        assert newest(unit) is None
        assert ids(fitting_parts_for(unit, QUESTIONS)) == ["p1", "p2"]


def test_only_the_newest_is_kept_and_what_failed_leaves_nothing(
    kept: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept.unit() as unit:
        version = raise_version(unit)
    with monkeypatch.context() as patched:
        patched.setattr(building, "_write_kits", None)
        with pytest.raises(TypeError):
            keep_snapshot(kept)
    home = (kept.data or Path()) / "catalogue"
    assert [one.name for one in home.iterdir()] == [str(version - 1)]
    keep_snapshot(kept)
    assert [one.name for one in home.iterdir()] == [str(version)]


def test_a_snapshot_of_another_database_is_not_used_and_is_replaced(kept: Database) -> None:
    with kept.unit() as unit:
        unit.connection.execute(text("UPDATE catalogue_version SET version = version"))  # by another transaction
        assert newest(unit) is None
    assert keep_snapshot(kept) is not None
    with kept.unit() as unit:
        assert newest(unit) is not None


def test_two_do_not_build_at_once(kept: Database) -> None:
    with kept.unit() as unit:
        raise_version(unit)
    with kept.unit() as other:
        other.connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": building._LOCK})
        assert keep_snapshot(kept) is None
    assert keep_snapshot(kept) is not None


def test_the_seed_catalogue_answers_as_sql_does(
    catalogue: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with catalogue.unit() as unit:
        build(unit, tmp_path)
        unit.data = tmp_path
        configs = list_configurations(unit)
        asked = [(config, list(PART_TYPES)) for config in configs[::40]]
        asked += [
            (replace(config, model_year=None, fuel=None), ["alternator", "spark_plug"]) for config in configs[::60]
        ]
        assert from_files(unit, asked, monkeypatch) == by_sql(unit, asked)
        snapshot = newest(unit)
        assert snapshot is not None
        some = list(unit.connection.execute(select(parts.c.id).order_by(parts.c.no)).scalars())[::30]
        same_fits(unit, some, configs[0])
        keys = [key_of(unit, config) for config in configs]
        same_candidates(unit, snapshot, list(product(dict.fromkeys(keys[::10]), PART_TYPES))[::5])


def test_lines_of_other_years_that_make_a_difference_are_kept(kept: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    old = replace(LINE, year_to=2011)
    with kept.unit() as unit:
        for part in ("universal", "universal_too"):
            add_part(unit, part, Application("any"))
        add_part(unit, "beside_universal", Application("any"), old)  # it is no universal part, so it comes before them
        add_part(unit, "kit", old, number="0")  # its own lines say no, whatever its component says
        unit.connection.execute(kit_components.insert().values(kit="kit", component="p1", required=True))
        raise_version(unit)
    keep_snapshot(kept)
    with kept.unit() as unit:
        found = from_files(unit, QUESTIONS, monkeypatch)
        assert found == by_sql(unit, QUESTIONS)
        assert ids(found) == ["beside_universal", "p1", "universal", "universal_too"]


def test_a_line_that_the_car_is_named_by_twice_is_read_once(kept: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with kept.unit() as unit:
        values = {
            "kind": "base_vehicle",
            "id": 1,
            "name_en": "x",
            "canonical": {"make": "toyota", "model_line": "etios"},
        }
        unit.connection.execute(reference_codes.insert().values(**values))
        add_part(unit, "p2", LINE, Application("line 2", base_vehicle=1, note_en="heavy", excludes=True))
        raise_version(unit)
    keep_snapshot(kept)
    asked = [(replace(CAR, codes={"base_vehicle": 1}), ["alternator"])]
    with kept.unit() as unit:
        found = from_files(unit, asked, monkeypatch)
        assert [answer.conditions_en for answer in found[0]["alternator"]] == [(), ("not heavy",)]
        assert found == by_sql(unit, asked)


def key_of(unit: UnitOfWork, config: VehicleConfig) -> tuple[str, str, int | None]:
    make, model_line = vehicle_keys(unit, config)
    return make or "", model_line or "", config.model_year


def same_candidates(
    unit: UnitOfWork, snapshot: Snapshot, questions: Sequence[tuple[tuple[str, str, int | None], str]]
) -> None:
    found = snapshot.candidates([car for car, _ in questions], [kind for _, kind in questions])
    for at, ((make, model, year), kind) in enumerate(questions):
        values = {"make": make, "model": model, "year": year, "kind": kind}
        assert found.of(at) == unit.connection.execute(CANDIDATES, values).scalars().all(), questions[at]


def maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


lines = st.builds(
    Application,
    source=st.sampled_from(["line", "line 7", "line 007", "a\tb\\n 12", "file 12345678901"]),
    make=st.sampled_from(["toyota", "toyota", "honda"]),
    model_line=maybe("etios", "yaris"),
    year_from=maybe(2012, 2014),
    year_to=maybe(2014, 2016),
    built_from=maybe("2013-07"),
    fuel=maybe("petrol"),
    displacement_l=maybe(1.4, 1.5),
    position=maybe("front", "rear"),
    quantity=st.sampled_from([1, 1, 2]),
    equipment=maybe({"stop_start": True}),
    attributes=maybe({"engine_base": 5}, {"submodel": 9}),
    qualifiers=maybe([{"id": 3, "text": "heavy"}]),
    note_en=maybe("a\tnote\\"),
    excludes=st.sampled_from([False, False, False, True]),
)
others = st.builds(
    replace,
    lines,
    make=st.none(),
    model_line=st.none(),
    base_vehicle=maybe(1, 2, 3),
    attributes=maybe({"make": 54}, {"make": 54, "model_line": 7}, {"make": 55}, {"mfr": 9}, {"engine_base": 5}),
)
cars = st.builds(
    VehicleConfig,
    make=st.sampled_from(["Toyota", "Honda", None]),
    model_line=st.sampled_from(["Etios", "Etios", "Yaris", None]),
    model_year=maybe(2011, 2013, 2014, 2017, 40000),
    build_month=maybe("2013-09"),
    fuel=maybe(Fuel.PETROL, Fuel.DIESEL),
    codes=maybe({"base_vehicle": 1}, {"base_vehicle": 2}, {"base_vehicle": 3, "engine_base": 5}, {"make": 55}),
)
LISTED = (
    ("base_vehicle", 1, {"make": "toyota", "model_line": "etios", "year": 2014}),
    ("base_vehicle", 2, {"make": "toyota"}),
    ("make", 54, {"make": "toyota"}),
    ("model_line", 7, {"model_line": "etios"}),
    ("engine_base", 5, {"displacement_l": 1.5, "fuel": "petrol"}),
    ("qualifier", 3, {}),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@example(  # a kit is offered for what a component says of the make by its code
    catalogue=[[], [], [Application("line", attributes={"make": 54})], []],
    asked=[VehicleConfig(make="Toyota", model_line="Etios")],
    kits={("p3", "p2")},
)
@given(
    catalogue=st.lists(st.lists(lines | lines | others, max_size=4), min_size=4, max_size=4),
    asked=st.lists(cars, min_size=1, max_size=4),
    kits=st.sets(st.sampled_from([("k1", "p0"), ("k1", "p1"), ("k2", "k1"), ("k2", "p2"), ("p3", "p2")])),
)
def test_random_catalogues_answer_as_sql_does(
    database: Database,
    tmp_path_factory: pytest.TempPathFactory,
    catalogue: list[list[Application]],
    asked: list[VehicleConfig],
    kits: set[tuple[str, str]],
) -> None:
    with database.unit() as unit, unit.connection.begin_nested() as drawn, pytest.MonkeyPatch.context() as patch:
        unit.data = tmp_path_factory.mktemp("data")
        add_brand(unit)
        for kind, number, meaning in LISTED:
            values = {"kind": kind, "id": number, "name_en": "x", "name_zh": "某", "canonical": meaning}
            unit.connection.execute(reference_codes.insert().values(**values))
        for number, part_lines in enumerate(catalogue):
            add_part(unit, f"p{number}", *part_lines, part_type=TYPES[number % 2])
        for kit in ("k1", "k2"):
            add_part(unit, kit, part_type="alternator")
        for kit, component in sorted(kits):
            unit.connection.execute(
                kit_components.insert().values(kit=kit, component=component, required=component != "p1")
            )
        unit.connection.execute(interchanges.insert().values(part="p0", other="p2"))
        unit.connection.execute(parts.update().where(parts.c.id == "p1").values(removed_by=add_import(unit)))
        declare_complete(unit)
        raise_version(unit)
        build(unit, unit.data)
        questions = [(car, list(TYPES)) for car in asked]
        with patch.context() as patched:
            if all(car.make and car.model_line and "make" not in (car.codes or {}) for car in asked):
                patched.setattr(fitment, "_said_of_types", None)
            found = fitting_parts_for(unit, questions)
        assert found == by_sql(unit, questions)
        snapshot = newest(unit)
        assert snapshot is not None
        for car in asked:
            same_fits(unit, ["p0", "p1", "p2", "p3", "k1", "k2", "none"], car)
        keys = [("toyota", model, year) for model in ("etios", "yaris") for year in (2000, 2013, 2014, 2017, None)]
        same_candidates(unit, snapshot, list(product(keys, TYPES)))
        drawn.rollback()
