"""Export and import again: equal canonical XML, for every version."""

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from foundation.database import Database
from foundation.refusals import Invalid, NotFound
from parts_catalog.imports.aces import VERSIONS
from parts_catalog.imports.exporting import export
from parts_catalog.imports.running import undo
from tests.parts_catalog.imports.conftest import Take
from tests.parts_catalog.imports.files import BRAND, aces, app, rich, table

SENDER = {"SenderName", "SenderPhone", "TransferDate"}


def canonical(content: str) -> str:
    """Write XML canonically, without who sent it and when, and without white space between elements."""
    root = ET.fromstring(content)  # noqa: S314 - our own file
    head = root.find("Header")
    assert head is not None
    for one in list(head):
        if one.tag in SENDER:
            head.remove(one)
    return ET.canonicalize(ET.tostring(root, "unicode"), strip_text=True)


def exported(database: Database, version: str) -> str:
    file = io.StringIO()
    with database.unit() as unit:
        export(unit, BRAND, version, file)
    return file.getvalue()


def test_export_and_import_give_equal_canonical_xml_for_every_version(take: Take, database: Database) -> None:
    for version in VERSIONS:
        given = aces(*rich(version), version=version).decode()
        first = take(given.encode())
        once = exported(database, version)
        assert canonical(once) == canonical(given)
        undo(database, first.import_id, None)
        again = take(once.encode())
        assert canonical(exported(database, version)) == canonical(once)
        undo(database, again.import_id, None)


def test_a_newer_file_goes_out_in_an_older_version_without_what_that_has_no_words_for(
    take: Take, database: Database
) -> None:
    take(aces(*rich("5.0"), version="5.0"))
    file = io.StringIO()
    with database.unit() as unit:
        assert export(unit, BRAND, "3.1", file) == (5, 2)
    root = ET.fromstring(file.getvalue())  # noqa: S314
    assert root.findtext("Footer/RecordCount") == "5" == str(len(root.findall("App/Part")))
    assert root.findtext("Header/BrandAAIAID") == BRAND


def test_what_cannot_be_exported_is_refused_or_counted(take: Take, database: Database, tmp_path: Path) -> None:
    rows = [["品牌", "零件号", "配件类型", "厂牌", "车型"], [BRAND, "X1", "发电机", "大众", "高尔夫"]]
    take(table(rows), "x.csv")
    take(aces(app(1), kind="UPDATE"))
    with database.unit() as unit:
        assert export(unit, BRAND, "4.1", io.StringIO()) == (1, 1)
        with pytest.raises(NotFound):
            export(unit, "Nobody", "4.1", io.StringIO())
        with pytest.raises(Invalid):
            export(unit, BRAND, "9.9", io.StringIO())
