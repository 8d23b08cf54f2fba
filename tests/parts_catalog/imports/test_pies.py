"""PIES files: parts with all that is told of them, before and after the applications; undone exactly."""

from typing import Any

from sqlalchemy import text

from foundation.database import Database
from parts_catalog.imports.pies import VERSIONS, minor_units, valid_gtin
from parts_catalog.imports.running import undo
from parts_catalog.search import find
from tests.parts_catalog.imports.conftest import Take, findings_of, rows_of
from tests.parts_catalog.imports.files import (
    BRAND,
    aces,
    app,
    component,
    described,
    extended,
    item,
    pies,
    priced,
    within,
)
from tests.parts_catalog.rows import add_brand

ASSET = (
    '<DigitalFileInformation MaintenanceType="A"><FileName>a.jpg</FileName><AssetType>P04</AssetType>'
    "<URI>https://bolzq.example/a.jpg</URI></DigitalFileInformation>"
)
FILTER = (
    within("Descriptions", described("DES", "Cabin Air Filter"), described("DES", "空调滤清器", "ZH"),
           described("KEY", "pollen dust")),
    within("Prices", priced("12.50"), priced("9.999", "JBR"), priced("30", "LST", "CNY"),
           priced("1", "WD1", more="<ExpirationDate>2020-01-01</ExpirationDate>"), priced("99", "USR", unit="CA")),
    within("ExtendedInformation", extended("OEM", "Volkswagen"), extended("OEP", "5Q0 819 653"),
           extended("PTN", "BZ-099"), extended("LIS", "Available to Order")),
    within("Packages", '<Package MaintenanceType="A"><PackageLevelGTIN>00012345678905</PackageLevelGTIN>'
           "<PackageUOM>EA</PackageUOM><QuantityofEaches>1</QuantityofEaches></Package>"),
    within("PartInterchangeInfo", '<PartInterchange MaintenanceType="A" BrandLabel="Mannix">'
           '<PartNumber>CUK 26</PartNumber></PartInterchange>'),
    within("DigitalAssets", ASSET),
)  # fmt: skip
HAZARD = "<HazardousMaterialCode>Y</HazardousMaterialCode>"


def one(database: Database, statement: str) -> Any:
    with database.unit() as unit:
        return unit.connection.execute(text(statement)).one()


def test_every_version_tells_all_of_a_part(take: Take, database: Database) -> None:
    for version in VERSIONS:
        content = pies(
            item("BZ-100", *FILTER, version=version, before=HAZARD), item("BZ-099", version=version), version=version
        )
        report = take(content)
        assert (report.state, report.counts["items"], report.counts["accepted"]) == ("done", 2, 2), version
        assert report.counts["rejected"] == {}
        told = report.counts["warnings"]
        assert (told["price_rounded"], told["price_not_in_force"], told["price_of_a_package"]) == (1, 1, 1)
        part = one(database, "SELECT * FROM parts WHERE number = 'BZ-100'")
        assert (part.brand, part.name_en, part.name_zh) == ("Bolzq", "Cabin Air Filter", "空调滤清器")
        assert (part.part_type, part.search_text) == ("pcdb_6832", "pollen dust")
        with database.unit() as unit:
            numbers = unit.connection.execute(
                text("SELECT kind, maker, number FROM part_numbers WHERE removed_by IS NULL ORDER BY 1")
            ).all()
            prices = unit.connection.execute(
                text("SELECT price_list, currency, net_amount, tax_basis_points FROM prices ORDER BY 1")
            ).all()
        assert numbers == [
            ("former", "", "BZ-099"), ("gtin", "", "00012345678905"), ("interchange", "Mannix", "CUK 26"),
            ("oe", "Volkswagen", "5Q0 819 653"),
        ]  # fmt: skip
        assert prices == [("base", "USD", 1250, 0), ("jobber", "USD", 1000, 0), ("list", "CNY", 3000, 1300)]
        details = one(database, "SELECT details FROM part_details WHERE details ? 'assets' AND removed_by IS NULL")[0]
        assert details["assets"][0]["URI"] == "https://bolzq.example/a.jpg"
        assert details["hazardous"] == "Y"
        replaced = "SELECT count(*) FROM supersessions s JOIN parts p ON p.id = s.part WHERE p.number = 'BZ-099'"
        assert one(database, replaced + " AND s.removed_by IS NULL")[0] == 1
        undo(database, report.import_id, None)
    assert not any(rows_of(database).values())


def test_parts_and_applications_complete_one_another_in_either_order(take: Take, database: Database) -> None:
    told = pies(item("BZ 100", *FILTER, kind=None), kind="UPDATE")
    lines = aces(app(1, "BZ-100"), kind="UPDATE")
    wanted = "SELECT part_type, name_en, terminology FROM parts"
    first = take(told)
    assert first.counts["warnings"]["no_part_type"] == 1
    second = take(lines)
    assert one(database, wanted) == ("pcdb_6832", "Cabin Air Filter", 6832)
    undo(database, second.import_id, None)
    assert one(database, wanted) == ("unclassified", "Cabin Air Filter", None)
    undo(database, first.import_id, None)
    take(lines)
    assert one(database, wanted) == ("pcdb_6832", "Part of type 6832", 6832)
    take(told)
    assert one(database, wanted) == ("pcdb_6832", "Cabin Air Filter", 6832)
    assert one(database, "SELECT count(*) FROM parts")[0] == 1


def test_kits_and_successors_are_written_and_circles_left_out(take: Take, database: Database) -> None:
    report = take(
        pies(
            item("KIT", within("Kits", component("A", 2), component("B"), component("NONE"))),
            item("A", within("ExtendedInformation", extended("PTS", "B"))),
            item("B", within("ExtendedInformation", extended("PTS", "C"))),
            item("C", within("ExtendedInformation", extended("PTS", "A"))),
            item("D", within("ExtendedInformation", extended("PTS", "D"))),
        )
    )
    told = report.counts["warnings"]
    assert (told["unknown_relative"], told["circular"]) == (1, 4)
    with database.unit() as unit:
        kit = unit.connection.execute(
            text("SELECT c.number, k.quantity FROM kit_components k JOIN parts c ON c.id = k.component ORDER BY 1")
        ).all()
        assert unit.connection.execute(text("SELECT count(*) FROM supersessions")).scalar_one() == 0
    assert kit == [("A", 2), ("B", 1)]


def test_full_leaves_out_and_incremental_adds_changes_and_deletes(take: Take, database: Database) -> None:
    take(aces(app(1, "WITH-LINES")))
    before = rows_of(database)
    first = take(pies(item("A", *FILTER), item("B"), item("WITH-LINES", within("Prices", priced("5")))))
    between = rows_of(database)
    changes = take(
        pies(
            item("A", within("Prices", priced("13.00")), action="C"),
            item("B", action="D"),
            item("GONE", action="D"),
            item("A"),
            item("E", action="X"),
            kind="UPDATE",
        )
    )
    assert changes.counts["rejected"] == {"bad_action": 1, "duplicate_item": 1}
    assert changes.counts["warnings"]["nothing_to_delete"] == 1
    assert one(database, "SELECT net_amount FROM prices WHERE price_list = 'base' AND currency = 'USD'"
               " AND part = (SELECT id FROM parts WHERE number = 'A')")[0] == 1300  # fmt: skip
    assert one(database, "SELECT count(*) FROM part_numbers WHERE removed_by IS NULL")[0] == 4
    last = take(pies(item("B", within("Descriptions", described("DES", "Back again")))))
    with database.unit() as unit:
        left = unit.connection.execute(text("SELECT number FROM parts WHERE removed_by IS NULL ORDER BY 1")).scalars()
        assert list(left) == ["B", "WITH-LINES"]
    undo(database, last.import_id, None)
    undo(database, changes.import_id, None)
    assert rows_of(database) == between
    undo(database, first.import_id, None)
    assert rows_of(database) == before


def test_a_trailer_that_counts_otherwise_refuses_a_full_file(take: Take, database: Database) -> None:
    report = take(pies(item("A"), count=2))
    assert (report.state, report.refusal) == ("failed", "wrong_count")
    assert findings_of(database, report.import_id) == [("wrong_count", None)]


def test_values_of_prices_and_codes() -> None:
    assert [valid_gtin(one) for one in ("00012345678905", "00012345678906", "4006381333931", "12")] == [
        True, False, True, False,
    ]  # fmt: skip
    assert minor_units("1,234.50", "USD") == (True, 123450)
    assert minor_units("12.5", "JPY") == (False, 13)
    assert (minor_units("x", "USD"), minor_units("NaN", "USD"), minor_units("1", ""), minor_units("-1", "USD")) == (
        None, None, None, None,
    )  # fmt: skip


def test_a_brand_that_came_by_its_code_gets_its_name_and_the_undo_takes_it_back(take: Take, database: Database) -> None:
    lines = take(aces(app(1)))
    before = rows_of(database)
    assert [row.split(",")[0] for row in before["brands"]].count(f"({BRAND}") == 1
    named = take(pies(item("BZ-100"), item("BZ-200"), kind="UPDATE"))
    assert named.counts["warnings"]["brand_named"] == 1
    with database.unit() as unit:
        assert [hit.part.id for hit in find(unit, "bolzq").items] != []
        assert not find(unit, BRAND).items
    again = take(aces(app(1), app(2, base=5889)))
    assert again.counts["accepted"] == 2
    for report in (again, named):
        undo(database, report.import_id, None)
    assert rows_of(database) == before
    undo(database, lines.import_id, None)
    assert not [row for row in rows_of(database)["brands"] if BRAND in row]


def test_a_name_of_another_brand_is_not_taken(take: Take, database: Database) -> None:
    with database.unit() as unit:
        add_brand(unit, "Bolzq")
    take(aces(app(1)))
    told = take(pies(item("BZ-100"), kind="UPDATE"))
    assert "brand_named" not in told.counts["warnings"]
    assert told.counts["warnings"]["brand_name_taken"] == 1
