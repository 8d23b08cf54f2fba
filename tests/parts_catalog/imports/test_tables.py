"""CSV and XLSX: headings in two languages, encodings, one sheet or two, rows that name what is wrong where."""

import io
from typing import Any

from openpyxl import Workbook
from sqlalchemy import text

from foundation.database import Database
from parts_catalog.imports.columns import _HEADINGS, HEADINGS
from parts_catalog.imports.running import undo
from tests.parts_catalog.imports.conftest import Take, rows_of
from tests.parts_catalog.imports.files import table

CHINESE = [
    ["佛山某厂报价单"],
    ["品牌", "零件号", "OE号", "名称", "配件类型", "厂牌", "车型", "年款", "排量", "位置", "数量", "价格", "备注",
     "颜色"],
    ["锐驰", "RC-01", "06K 121 011，06K121011B", "水泵", "水泵", "大众", "高尔夫", "2015-2018", "1.4L", "", "1",
     "￥328.50", "", "黑"],
    ["锐驰", "RC-01", "", "水泵", "水泵", "大众", "速腾", "2016款", "1.4T", "", "1", "", "不含垫片", ""],
    ["锐驰", "RC-02", "", "制动片", "制动片", "大众", "高尔夫", "2019-2015", "", "前", "1", "", "", ""],
    ["锐驰", "RC-03", "", "制动片", "制动片", "大众", "高尔夫", "前年", "", "前", "1", "", "", ""],
    ["锐驰", "", "", "制动片", "制动片", "大众", "高尔夫", "", "", "前", "1", "", "", ""],
    ["锐驰", "RC-04", "", "量子涡轮", "量子涡轮", "大众", "高尔夫", "", "", "前", "1", "", "", ""],
    ["锐驰", "RC-05", "", "发电机", "发电机", "", "", "", "", "", "", "99", "", ""],
]  # fmt: skip


def lines_of(database: Database) -> list[Any]:
    with database.unit() as unit:
        return list(unit.connection.execute(text("SELECT * FROM applications WHERE removed_by IS NULL ORDER BY line")))


def test_a_chinese_table_is_read_in_each_encoding(take: Take, database: Database) -> None:
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        report = take(table(CHINESE, encoding, ";"), "报价.csv")
        assert report.counts["rejected"] == {
            "bad_cell": 1, "missing_part": 1, "unknown_part_type": 1, "years_reversed": 1,
        }, encoding  # fmt: skip
        assert (report.counts["applications"], report.counts["items"], report.counts["accepted"]) == (6, 1, 3)
        assert report.counts["warnings"] == {"read_as": 1, "unknown_column": 1}
        first, second = lines_of(database)
        assert (first.make, first.model_line, first.year_from, first.year_to) == ("volkswagen", "高尔夫", 2015, 2018)
        assert (float(first.displacement_l), second.year_from, second.year_to) == (1.4, 2016, 2016)
        assert second.note_zh == "不含垫片"
        with database.unit() as unit:
            price = unit.connection.execute(text("SELECT net_amount, currency FROM prices ORDER BY 1 DESC")).all()
            numbers = unit.connection.execute(text("SELECT number FROM part_numbers ORDER BY 1")).scalars().all()
            told = unit.connection.execute(
                text("SELECT text_zh FROM import_findings WHERE rule IN ('read_as', 'bad_cell') ORDER BY id")
            ).scalars()
            assert list(told)[-2:] == [
                f"文本按 {encoding} 编码读取。", "工作表 CSV 第 6 行 H (year) 列：前年 无法识别为year。",
            ]  # fmt: skip
        assert (price, numbers) == ([(32850, "CNY"), (9900, "CNY")], ["06K 121 011", "06K121011B"])
        undo(database, report.import_id, None)
    assert not any(rows_of(database).values())


def test_two_sheets_of_a_workbook_and_a_formula_that_is_refused(take: Take, database: Database) -> None:
    book = Workbook()
    parts = book.active
    parts.title = "Parts"
    parts.append(["Brand", "Part Number", "Part Type", "Price", "Currency", "GTIN", "Replaced by"])
    parts.append(["Bolzq", 4711, "alternator", 120.5, "EUR", "4006381333931", "4712"])
    parts.append(["Bolzq", 4712, "alternator", "=1+1", "EUR", "", ""])
    parts.append(["Bolzq", "4712", "alternator", 130, "EUR", "123", ""])
    lines = book.create_sheet("Applications")
    lines.append(["brand", "part number", "part type", "make", "model", "from year", "to year", "position", "qty"])
    lines.append(["Bolzq", 4711, "alternator", "VW", "Golf", 2012, 2019, "front", 1])
    lines.append(["Bolzq", 4711, "alternator", "VW", "Golf", 2012, 2019, "front", "many"])
    lines.append(["Bolzq", 4711, "alternator", "", "Golf", 2012, 2019, "front", 1])
    book.create_sheet("Notes").append(["nothing to read"])
    file = io.BytesIO()
    book.save(file)
    report = take(file.getvalue(), "x.xlsx")
    assert report.counts["rejected"] == {"bad_quantity": 1, "formula": 1, "missing_vehicle": 1}
    assert report.counts["warnings"] == {"bad_gtin": 1, "unknown_sheet": 1}
    assert (report.counts["applications"], report.counts["items"], report.counts["accepted"]) == (3, 3, 3)
    (line,) = lines_of(database)
    assert (line.make, line.model_line, line.position) == ("volkswagen", "golf", "front")
    with database.unit() as unit:
        successor = unit.connection.execute(text("SELECT count(*) FROM supersessions")).scalar_one()
        told = unit.connection.execute(text("SELECT text_en FROM import_findings WHERE rule = 'formula'")).scalar_one()
    assert successor == 1
    assert told == "Sheet Parts, row 3, column D (price) holds a formula, not a value."


def test_a_table_without_headings_is_refused(take: Take) -> None:
    assert take(table([["a", "b"], ["1", "2"]]), "x.csv").refusal == "no_header"
    assert take(b"\xff\xff\xff\x81", "x.csv").refusal == "encoding"


def test_no_heading_means_two_things() -> None:
    assert len(HEADINGS) == sum(len(words.split("|")) for words in _HEADINGS.values())
