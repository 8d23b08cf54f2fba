"""Whatever the text: our refusal or an honest answer, and never two things for certain."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.vehicles import VehicleConfig
from parts_catalog.vin import vpic
from parts_catalog.vin.answers import FIELDS, Certainty
from parts_catalog.vin.decoding import fill
from parts_catalog.vin.rules import Rule
from parts_catalog.vin.signs import NotAVin, check_digit
from tests.parts_catalog.vin.vins import decode

SIGNS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
WMIS = st.sampled_from(
    ("LSV", "LSG", "LRW", "WAU", "VF3", "KMH", "WVG", "1HG", "1C4", "1FU", "2HG", "3VW", "5YJ", "7SA", "L39", "W09")
)
YEARS = st.none() | st.integers()


@st.composite
def vins(draw: st.DrawFn) -> str:
    start = draw(WMIS | st.text(SIGNS, min_size=3, max_size=3))
    vin = start + draw(st.text(SIGNS, min_size=14, max_size=14))
    return vin[:8] + (check_digit(vin) if draw(st.booleans()) else vin[8]) + vin[9:]


RULES = st.lists(
    st.builds(
        Rule,
        st.sampled_from(["LSV", "WAU", "1HG"]),
        st.sampled_from(["", "A", "?B", "[ABC]?", "AAAAA"]),
        st.none() | st.integers(1980, 2020),
        st.none() | st.integers(2000, 2030),
        st.dictionaries(
            st.sampled_from(["make", "model_line", "body"]),
            st.lists(st.sampled_from(["Audi", "AUDI", "Skoda", "奥迪"]), min_size=1, max_size=3).map(tuple),
            min_size=1,
        ),
        st.just("handbook"),
    ),
    max_size=4,
)
HINTS = st.none() | st.builds(
    VehicleConfig,
    make=st.none() | st.sampled_from(["Audi", "Cadillac", "大众"]),
    model_year=YEARS,
    displacement_l=st.none() | st.floats(0.1, 9),
)


def look_up_of(installed: bool) -> dict[str, Any]:
    return {} if installed and vpic.is_installed() else {"look_up": lambda *_: None}


@settings(max_examples=300, deadline=None)
@given(vins(), YEARS, HINTS, RULES, st.booleans())
def test_an_answer_is_certain_of_one_thing_or_of_none(
    vin: str, year: int | None, hints: VehicleConfig | None, rules: list[Rule], installed: bool
):
    try:
        decoded = decode(vin, year, hints, rules=rules, **look_up_of(installed))
    except NotAVin:
        return
    assert tuple(decoded.fields) == FIELDS
    for name, field in decoded.fields.items():
        assert (field.value is not None) is (field.certainty is Certainty.CERTAIN), name
        assert (len(field.candidates) == 1) or field.certainty is not Certainty.CERTAIN, name
        assert bool(field.candidates) is bool(field.sources) is (field.certainty is not Certainty.UNKNOWN), name
        assert len({str(one).casefold() for one in field.candidates}) == len(field.candidates), name
    asked = {one.field for one in decoded.questions}
    assert not asked & {name for name, field in decoded.fields.items() if field.certainty is Certainty.CERTAIN}
    filled = fill(hints or VehicleConfig(), decoded).to_json()
    known = (hints or VehicleConfig()).to_json()
    assert {name: filled[name] for name in known} == known
    assert all(decoded.fields[name].value == filled[name] for name in set(filled) - set(known))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20) | st.text(SIGNS + "IOQ-ß", min_size=17, max_size=17))
def test_any_text_is_refused_as_no_vin_or_answered(text: str):
    try:
        decoded = decode(text, look_up=lambda *_: None)
    except NotAVin:
        return
    assert decoded.vin == text.upper()
