from parts_catalog.vin.answers import FIELDS, Certainty, Claim, settle
from parts_catalog.vin.questions import NAMES

CERTAIN, ONE_OF, UNKNOWN = Certainty


def test_the_value_that_all_deciding_claims_allow_is_certain():
    field = settle("make", [Claim(("Buick", "Chevrolet"), "table"), Claim(("雪佛兰",), "owner")])
    assert (field.certainty, field.candidates, field.sources) == (CERTAIN, ("Chevrolet",), ("table", "owner"))


def test_a_claim_that_does_not_decide_only_puts_its_value_first():
    field = settle("model_year", [Claim((2011, 1981), "code"), Claim((1981,), "list", decides=False)])
    assert (field.certainty, field.candidates) == (ONE_OF, (1981, 2011))
    alone = settle("make", [Claim(("Genesis",), "list", decides=False)])
    assert (alone.certainty, alone.value, alone.candidates) == (ONE_OF, None, ("Genesis",))


def test_sources_that_exclude_one_another_leave_all_they_said():
    for decides in (True, False):
        field = settle("make", [Claim(("Ford",), "owner"), Claim(("Kia",), "table", decides=decides)])
        assert (field.certainty, field.candidates, field.contradicted) == (ONE_OF, ("Ford", "Kia"), True)


def test_every_field_has_its_name_in_both_languages():
    assert tuple(NAMES) == FIELDS


def test_without_a_claim_nothing_is_known():
    assert settle("body", [Claim((), "table")]).certainty is UNKNOWN
