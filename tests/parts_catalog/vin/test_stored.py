"""The user's table of rules: a file is taken row by row, every rejected one is told, and decoding reads the rest."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from foundation.database import Database, UnitOfWork
from foundation.refusals import Invalid
from parts_catalog.tables import vin_rules
from parts_catalog.vin.answers import Certainty
from parts_catalog.vin.stored import decode_vin, import_rules
from tests.parts_catalog.vin.vins import made

RULES = """\
wmi,pattern,year_from,year_to,make,model_line,displacement_l,fuel,source
lzz,,,,Sinotruk,,,diesel,maker's letter of 2026
LZZ,a?[CD],2010,,,Howo T7H|Howo A7,10.5,,maker's letter of 2026
"""


@pytest.fixture
def unit(database: Database) -> Iterator[UnitOfWork]:
    with database.unit() as unit:
        yield unit


def kept(unit: UnitOfWork) -> int:
    return unit.connection.execute(select(func.count()).select_from(vin_rules)).scalar_one()


def test_rules_of_ones_own_name_a_maker_that_no_table_has(unit: UnitOfWork):
    vin = made("LZZ", "ABCAA")
    assert decode_vin(unit, vin).fields["make"].certainty is Certainty.UNKNOWN
    assert import_rules(unit, RULES.splitlines()).to_json() == {
        "rows": 2,
        "accepted": 2,
        "rejected": {},
        "findings": [],
    }
    fields = decode_vin(unit, vin, 2011).fields
    assert (fields["make"].value, fields["fuel"].value, fields["displacement_l"].value) == ("Sinotruk", "diesel", 10.5)
    assert (fields["model_line"].certainty, fields["model_line"].candidates) == (
        Certainty.ONE_OF,
        ("Howo T7H", "Howo A7"),
    )
    assert fields["model_line"].sources == ("maker's letter of 2026",)


def test_model_years_end_with_the_next_one(unit: UnitOfWork):
    year = unit.now().year
    codes = "ABCDEFGHJKLMNPRSTVWXY123456789"
    this, next_but_one = (decode_vin(unit, made("LSV", year=codes[(one - 1980) % 30])) for one in (year + 1, year + 2))
    assert this.fields["model_year"].candidates == (year + 1, year - 29)
    assert next_but_one.fields["model_year"].value == year - 28


def test_the_same_code_pattern_and_years_are_replaced_and_the_others_stay(unit: UnitOfWork):
    import_rules(unit, RULES.splitlines())
    import_rules(unit, ["wmi,make,source", "LZZ,Sitrak,another letter"])
    fields = decode_vin(unit, made("LZZ", "ABCAA"), 2011).fields
    assert (kept(unit), fields["make"].value, fields["displacement_l"].value) == (2, "Sitrak", 10.5)


def test_a_dry_run_takes_nothing(unit: UnitOfWork):
    assert import_rules(unit, RULES.splitlines(), dry_run=True).accepted == 2
    assert kept(unit) == 0


REJECTED = [
    ("LZ,,,,Sinotruk,,,,letter", "wmi"),
    ("LOZ,,,,Sinotruk,,,,letter", "wmi"),
    ("LZZ,A*,,,Sinotruk,,,,letter", "pattern"),
    ("LZZ,[],,,Sinotruk,,,,letter", "pattern"),
    ("LZZ,ABCDEFGHABCDEFG,,,Sinotruk,,,,letter", "pattern"),
    ("LZZ,,2012,2010,Sinotruk,,,,letter", "years"),
    ("LZZ,,soon,,Sinotruk,,,,letter", "years"),
    ("LZZ,,1979,,Sinotruk,,,,letter", "years"),
    ("LZZ,,,,Sinotruk,,,steam,letter", "field"),
    ("LZZ,,,,Sinotruk,,nan,,letter", "field"),
    ("LZZ,,,,Sinotruk,,-1,,letter", "field"),
    ("LZZ,,,,|,,,,letter", "field"),
    ("LZZ,,,,Sinotruk,,,,", "source"),
    ("LZZ,,,,,,,,letter", "nothing_said"),
    ("L39,AAA,,,Sinotruk,,,,letter", "small_maker"),
    ("LZY,,,,Yutong,,,,letter", "duplicate"),
]


def test_a_row_that_cannot_be_is_rejected_with_its_line_and_the_others_are_taken(unit: UnitOfWork):
    rows = [RULES.splitlines()[0], "LZY,,,,Yutong,,,,letter", *(row for row, _ in REJECTED)]
    done = import_rules(unit, rows)
    assert (done.rows, done.accepted, kept(unit)) == (len(rows) - 1, 1, 1)
    expected = [(line, rule) for line, (_, rule) in enumerate(REJECTED, 3)]
    assert [(one.line, one.rule) for one in done.rejected] == expected


def test_a_file_that_is_no_table_of_rules_is_refused_whole(unit: UnitOfWork):
    good = "LZZ,Sinotruk,letter"
    for lines in (
        [],
        ["wmi,colour,source", "LZZ,red,letter"],
        ["wmi,make", "LZZ,Sinotruk"],
        ["wmi,make,source", good, 'LZZ,"Sino'],
    ):
        with pytest.raises(Invalid):
            import_rules(unit, lines)
    assert kept(unit) == 0


def test_a_rule_may_name_one_of_the_small_makers(unit: UnitOfWork):
    import_rules(unit, ["wmi,pattern,maker,source", "L39,????????A00,Hand Made,letter", "L39,????????001,Other,letter"])
    makers = [decode_vin(unit, made("L39", serial=serial)).fields["maker"].value for serial in ("A00001", "B00001")]
    assert makers == ["Hand Made", None]
