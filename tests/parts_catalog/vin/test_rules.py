import re

import pytest

from parts_catalog.vin.answers import Certainty
from parts_catalog.vin.rules import PATTERN, Rule, shipped_rules
from parts_catalog.vin.signs import read_vin
from tests.parts_catalog.vin.vins import decode, made

MUST = {"LSV", "LFV", "LVS", "LBV", "LHG", "LB3", "LGX", "LC0", "LSG", "LRW"}


def rule(pattern: str = "", years: tuple[int | None, int | None] = (None, None), **fields: object) -> Rule:
    values = {name: value if isinstance(value, tuple) else (value,) for name, value in fields.items()}
    return Rule("LSV", pattern, *years, values, f"handbook {pattern}".strip())  # type: ignore[arg-type]


def test_the_shipped_table_states_each_code_once_with_a_source():
    table = shipped_rules()
    assert set(table) >= MUST
    for wmi, rules in table.items():
        assert re.fullmatch(r"[A-HJ-NPR-Z0-9]{3}", wmi)
        [one] = rules
        assert one.shipped
        assert one.source
        assert set(one.fields) == {"maker", "make"}
        assert len(one.fields["maker"]) == 1
        assert wmi[2] != "9"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("", True),
        ("F1", True),
        ("F2", False),
        ("?1", True),
        ("[EF]1", True),
        ("[AB]", False),
        ("F1????B[AC]", True),
        ("F1????C", False),
    ],
)
def test_a_pattern_speaks_of_the_signs_from_position_4_on(pattern: str, matches: bool):
    assert PATTERN.fullmatch(pattern)
    assert rule(pattern).matches(read_vin(made("LSV", "F1AAA"))) is matches


def test_the_user_comes_before_the_shipped_table_and_the_closer_pattern_before_the_wider():
    rules = [
        rule(make="Volkswagen"),
        rule("F1", make="Skoda", model_line="Octavia", displacement_l=1.4),
        rule("F1?[AB]", model_line="Superb"),
    ]
    plain = decode(made("LSV"), rules=rules).fields
    closer = decode(made("LSV", "F1AAA"), rules=rules).fields
    assert (plain["make"].value, plain["maker"].value) == ("Volkswagen", "SAIC Volkswagen")
    assert {name: closer[name].value for name in ("make", "model_line", "displacement_l")} == {
        "make": "Skoda",
        "model_line": "Superb",
        "displacement_l": 1.4,
    }
    assert closer["model_line"].sources == ("handbook F1?[AB]",)


def test_rules_that_fix_as_much_are_all_heard():
    rules = [rule("F?", model_line="Lavida"), rule("?1", model_line="Passat")]
    field = decode(made("LSV", "F1AAA"), rules=rules).fields["model_line"]
    assert (field.certainty, field.candidates) == (Certainty.ONE_OF, ("Lavida", "Passat"))


def test_a_dated_rule_counts_for_its_years_only():
    rules = [rule("F1", (2008, 2012), model_line="Lavida")]
    undecided = decode(made("LSV", "F1AAA"), rules=rules).fields
    assert undecided["model_year"].candidates == (2011, 1981)
    assert undecided["model_line"].certainty is Certainty.ONE_OF
    assert decode(made("LSV", "F1AAA"), 2011, rules=rules).fields["model_line"].value == "Lavida"
    assert decode(made("LSV", "F1AAA"), 1981, rules=rules).fields["model_line"].certainty is Certainty.UNKNOWN


def test_dated_codes_tell_the_cycle():
    fields = decode(made("LSV"), rules=[rule(years=(1998, None), make="Volkswagen")]).fields
    assert (fields["model_year"].value, fields["make"].value) == (2011, "Volkswagen")
