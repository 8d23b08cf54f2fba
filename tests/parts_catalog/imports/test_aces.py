"""ACES files: every application accounted for, by rules; full and incremental; undone exactly."""

import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from foundation.database import Database
from foundation.events import append, read_many
from foundation.identity import Actor, Role
from foundation.refusals import NotFound
from parts_catalog.imports import running
from parts_catalog.imports.aces import VERSIONS
from parts_catalog.imports.running import Wanted, import_file, undo
from parts_catalog.imports.stored import ImportedSince
from tests.parts_catalog.imports.conftest import Take, findings_of, rows_of
from tests.parts_catalog.imports.files import aces, app, rich, saved
from tests.parts_catalog.rows import add_location


def test_the_dialect_of_a_published_file_is_read(take: Take, database: Database) -> None:
    report = take(aces(app(1), app(2, "BZ-100C", "<Note>Größe 2</Note>"), encoding="ISO-8859-1", kind="Full"))
    assert report.counts == {
        "applications": 2,
        "items": 0,
        "accepted": 2,
        "rejected": {},
        "warnings": {
            "cnc_overlap": 1,
            "unverified_base_vehicle": 2,
            "unverified_part_terminology": 2,
            "unverified_position": 2,
        },
        "parts": 2,
    }
    with database.unit() as unit:
        line = unit.connection.execute(text("SELECT * FROM applications WHERE note_en IS NOT NULL")).one()
        assert (line.note_en, line.base_vehicle, line.position, line.quantity) == ("Größe 2", 5888, "pcdb_1", 1)
        parts = unit.connection.execute(text("SELECT number, part_type, name_zh FROM parts ORDER BY 1")).all()
        assert parts[0] == ("BZ-100", "pcdb_6832", "配件（类型 6832）")


def test_every_version_is_read_into_the_same_record(take: Take, database: Database) -> None:
    for version in VERSIONS:
        apps = rich(version)
        report = take(aces(*apps, version=version))
        assert (report.state, report.counts["accepted"], report.counts["rejected"]) == ("done", len(apps), {})
        with database.unit() as unit:
            current = text("SELECT * FROM applications WHERE removed_by IS NULL ORDER BY line")
            lines = unit.connection.execute(current).all()
        assert lines[2].attributes == {"submodel": 20, "drive_type": 5, "engine_base": 560, "region": 1}
        assert (lines[3].year_from, lines[3].year_to, lines[3].attributes["make"]) == (2009, 2013, 54)
        parameter = {"p1": {"value": "12", "uom": "mm"}}
        assert lines[4].qualifiers == [{"id": 2341, "text": "With 12 mm rotor", "params": parameter}]
        assert lines[4].note_en == "Except <Police>; see bulletin"


def test_who_follows_the_log_does_not_wait_for_the_end_of_an_import(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_SAID_EVERY_S", 0.0)
    path = saved(tmp_path, aces(app(1), app(2)), "parts.xml")
    seen: list[list[str]] = []

    def meanwhile(_done: int, _of: int) -> None:
        with database.unit() as unit:
            append(unit, "order_1", "told", {})
        with database.unit() as unit:
            seen.append([event.kind for event in read_many(unit, None)])

    assert import_file(database, Wanted(path, "parts.xml"), meanwhile).state == "done"
    assert seen == [["told"] * turn for turn in range(1, len(seen) + 1)] != []


BROKEN = (
    (app(1, action="C"), "bad_action"),
    (app(1, base=0), "bad_id"),
    (app(1, vehicle='<BaseVehicle id="5x"/>'), "bad_id"),
    (app(1, vehicle=""), "missing_vehicle"),
    (app(1, part=" "), "missing_part"),
    (app(1, part="---"), "bad_part_number"),
    (app(1, quantity=0), "bad_quantity"),
    (app(1, quantity="x"), "bad_quantity"),
    (app(1, kind=-3), "bad_id"),
    (app(1, "BZ-1", "<Wings id='2'/>"), "unknown_element"),
    (app(1, vehicle='<Years from="1770" to="2010"/><Make id="5"/>'), "year_out_of_range"),
    (app(1, vehicle='<Years from="2010" to="2044"/><Make id="5"/>'), "year_out_of_range"),
    (app(1, vehicle='<Years from="2012" to="2010"/><Make id="5"/>'), "years_reversed"),
    (app(1, own=' BrandAAIAID="Bo"'), "bad_brand"),
)


def test_each_broken_application_is_rejected_by_its_rule_and_line(take: Take, database: Database) -> None:
    report = take(aces(app(7, "BZ-1"), *(broken for broken, _ in BROKEN)))
    assert (report.counts["accepted"], report.counts["parts"]) == (1, 1)
    found = [one for one in findings_of(database, report.import_id) if not one[0].startswith("unverified")]
    assert found == [(rule, line) for line, (_, rule) in enumerate(BROKEN, 5)]
    assert sum(report.counts["rejected"].values()) == len(BROKEN)


def test_duplicates_overlaps_and_cnc_overlaps_are_counted_as_neighbours(take: Take, database: Database) -> None:
    note = "<Note>diesel</Note>"
    report = take(
        aces(
            app(1, "A1"),
            app(2, "A1"),  # a duplicate
            app(3, "B1"),  # an overlap with A1
            app(4, "B1", note),  # CNC beside B1
            app(5, "C1", note),  # an overlap with B1 under the same note
            app(6, "A1", quantity=2),  # the same with another quantity
            app(7, "A1", position=2),
            app(8, "B1", base=7),
        )
    )
    assert report.counts["rejected"] == {"duplicate": 1}
    told = {rule: count for rule, count in report.counts["warnings"].items() if not rule.startswith("unverified")}
    assert told == {"overlap": 2, "cnc_overlap": 1, "quantities_differ": 1}
    assert report.counts["accepted"] + 1 == report.counts["applications"] == 8


def test_neighbours_are_counted_as_the_definition_says(take: Take) -> None:
    """Against the definition written out: sort, then compare each line with the next."""
    draw = random.Random(7)
    lines = [
        (draw.randrange(1, 12), draw.randrange(1, 3), draw.choice("ABCD"), draw.choice(("", "", "x", "y")))
        for _ in range(300)
    ]
    noted = [(one, [f"<Note>{one[3]}</Note>"] if one[3] else []) for one in lines]
    apps = [app(at, one[2], *note, base=one[0], position=one[1]) for at, (one, note) in enumerate(noted, 1)]
    told = take(aces(*apps)).counts
    wanted: Counter[str] = Counter()
    for (*before, part, note), (*after, other, another) in pairwise(sorted(lines)):
        if before == after:
            wanted["duplicate"] += (part, note) == (other, another)
            wanted["overlap"] += part != other and note == another
            wanted["cnc_overlap"] += (note == "") != (another == "")
    assert all(wanted.values())
    assert told["rejected"] == {"duplicate": wanted["duplicate"]}
    assert (told["warnings"]["overlap"], told["warnings"]["cnc_overlap"]) == (wanted["overlap"], wanted["cnc_overlap"])


def test_codes_are_judged_by_the_lists_that_are_loaded(take: Take, database: Database) -> None:
    with database.unit() as unit:
        unit.connection.execute(
            text("""INSERT INTO reference_codes (kind, id, name_en, canonical) VALUES
            ('base_vehicle', 5888, 'x', '{"make": "volkswagen", "model_line": "golf", "year": 2015}'),
            ('part_terminology', 6832, 'Cabin filter', '{"part_type": "air_filter"}'),
            ('position', 1, 'Front', '{"position": "front"}'),
            ('part_position', 1, 'x', '{"part_terminology": 6832, "position": 1}'),
            ('make', 54, 'Volkswagen', '{"make": "volkswagen"}')""")
        )
    years = '<Years from="2009" to="2013"/><Make id="54"/>'
    report = take(
        aces(
            app(1),
            app(2, base=9),
            app(3, kind=1),
            app(4, position=2),
            app(5, vehicle=years),
            app(6, "B", base=588922),
            app(7, vehicle=years, base=0, position=None),
        )
    )
    assert report.counts["rejected"] == {
        "unknown_base_vehicle": 2, "unknown_part_terminology": 1, "unknown_position": 1,
    }  # fmt: skip
    assert not [rule for rule in report.counts["warnings"] if rule.startswith("unverified")]
    with database.unit() as unit:
        lines = unit.connection.execute(text("SELECT position, make, part_type FROM applications ORDER BY line")).all()
    assert lines == [
        ("front", None, "air_filter"),
        ("front", "volkswagen", "air_filter"),
        (None, "volkswagen", "air_filter"),
    ]


def test_an_impossible_pair_of_part_type_and_position_is_rejected(take: Take, database: Database) -> None:
    with database.unit() as unit:
        unit.connection.execute(
            text("""INSERT INTO reference_codes (kind, id, name_en, canonical)
            VALUES ('part_position', 1, 'x', '{"part_terminology": 6832, "position": 1}')""")
        )
    assert take(aces(app(1), app(2, position=22))).counts["rejected"] == {"invalid_position": 1}


def test_a_full_file_that_is_not_whole_is_refused_and_changes_nothing(take: Take, database: Database) -> None:
    before = rows_of(database)
    report = take(aces(app(1), app(2, base=7), count=3))
    assert (report.state, report.refusal, report.counts["accepted"]) == ("failed", "wrong_count", 0)
    assert report.counts["rejected"] == {"wrong_count": 2}
    assert rows_of(database) == before
    assert take(aces(app(1), count=3, kind="UPDATE")).counts["warnings"]["count_differs"] == 1


UNREADABLE = (
    (b"<ACES version='3.1'><App>", "malformed"),
    (b"<!DOCTYPE ACES [<!ENTITY a 'b'>]><ACES version='3.1'>&a;</ACES>", "document_type"),
    (b"<ACES version='2.0'></ACES>", "unknown_version"),
    (b"<html></html>", "unknown_format"),
    (b"", "unknown_format"),
    (b"<?xml version='1.0' encoding='gb18030'?><ACES version='3.1'></ACES>", "encoding"),
    (b"brand,part number\nB\x00Z,1\x001\xff", "unknown_format"),
    (b"\x00\x01\x02", "unknown_format"),
    (b"PK\x03\x04", "unknown_format"),
)


def test_a_file_that_cannot_be_read_fails_with_its_rule(take: Take) -> None:
    for content, rule in UNREADABLE:
        report = take(content)
        assert (report.state, report.refusal, report.counts["rejected"]) == ("failed", rule, {rule: 1})


def test_full_replaces_incremental_changes_and_undo_restores_every_row(take: Take, database: Database) -> None:
    states = [rows_of(database)]
    files = [
        aces(app(1), app(2, "BZ-2"), app(3, "BZ-3", base=7)),
        aces(app(1, base=9), app(2, "BZ-2", action="D"), app(3), app(4, base=4, action="D"), kind="UPDATE"),
        aces(app(1, "BZ-9", kind=5), app(2, "BZ-3", base=8, kind=99)),
    ]
    reports = []
    for content in files:
        reports.append(take(content))
        states.append(rows_of(database))
    told = reports[1].counts["warnings"]
    assert (told["already_there"], told["nothing_to_delete"], reports[1].counts["accepted"]) == (1, 1, 4)
    with database.unit() as unit:
        current = text("SELECT p.number, base_vehicle FROM applications a JOIN parts p ON p.id = a.part"
                       " WHERE a.removed_by IS NULL ORDER BY 1")  # fmt: skip
        assert unit.connection.execute(current).all() == [("BZ-3", 8), ("BZ-9", 5888)]
        left = unit.connection.execute(text("SELECT number FROM parts WHERE removed_by IS NULL ORDER BY 1")).scalars()
        assert list(left) == ["BZ-3", "BZ-9"]
    with pytest.raises(ImportedSince):
        undo(database, reports[0].import_id, None)
    for report, before in zip(reversed(reports), reversed(states[:-1]), strict=True):
        undo(database, report.import_id, None)
        assert rows_of(database) == before


def test_a_dry_run_has_the_same_answers_and_changes_nothing(take: Take, database: Database) -> None:
    content = aces(app(1), app(2), app(3, "B", "<Note>x</Note>"), app(4, quantity=0))
    before = rows_of(database)
    dry = take(content, dry=True)
    assert rows_of(database) == before
    wet = take(content)
    assert (dry.counts, dry.state, wet.state) == (wet.counts, "dry", "done")
    assert findings_of(database, dry.import_id) == findings_of(database, wet.import_id)


def test_the_same_file_again_is_recognised(take: Take, database: Database) -> None:
    content = aces(app(1))
    first, again = take(content), take(content)
    assert (again.same_as, again.counts) == (first.import_id, first.counts)
    undo(database, first.import_id, None)
    assert take(content).same_as is None


def test_a_test_submission_changes_nothing(take: Take, database: Database) -> None:
    report = take(aces(app(1), kind="TEST"))
    assert (report.state, report.counts["warnings"]["test_file"]) == ("dry", 1)
    assert rows_of(database, "parts") == {"parts": []}


def test_a_brand_belongs_to_the_house_that_first_imported_it(take: Take, database: Database) -> None:
    assert take(aces(app(1)), organisation="org_one").state == "done"
    other = take(aces(app(2), kind="UPDATE"), organisation="org_two")
    assert (other.state, other.refusal) == ("failed", "brand_of_another_house")
    assert take(aces(app(2), kind="UPDATE")).state == "done"  # the server's own administrator
    stranger = Actor("acc", "org_two", Role.PARTS_MANAGER)
    with pytest.raises(NotFound):
        undo(database, 1, stranger)


def test_a_part_that_came_to_have_stock_stays_as_a_row_when_its_import_is_undone(
    take: Take, database: Database
) -> None:
    report = take(aces(app(1), app(2, "B")))
    with database.unit() as unit:
        add_location(unit, "l")
        unit.connection.execute(
            text(
                "INSERT INTO stock (part, location, organisation, on_hand) SELECT id, 'l', 'org', 1 FROM parts LIMIT 1"
            )
        )
    undo(database, report.import_id, None)
    with database.unit() as unit:
        left = unit.connection.execute(text("SELECT removed_by FROM parts")).scalars().all()
    assert left == [report.import_id]


def test_a_part_has_one_type_in_a_file_and_a_full_file_that_corrects_it_says_so(take: Take, database: Database) -> None:
    first = take(aces(app(1), app(2, base=5889, kind=1684), app(3, base=5890)))
    assert first.counts["rejected"] == {"part_type_disagrees": 1}
    assert ("part_type_disagrees", 5) in findings_of(database, first.import_id)
    kept = take(aces(app(1, base=5891, kind=1684), kind="UPDATE"))
    assert kept.counts["rejected"] == {"part_type_disagrees": 1}
    corrected = take(aces(app(1, kind=1684), app(2, base=5889, kind=1684)))
    assert (corrected.counts["rejected"], corrected.counts["warnings"]["part_type_corrected"]) == ({}, 1)
