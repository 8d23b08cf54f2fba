"""The decoder: it asks each source where that source may speak, and lets their claims meet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as fields_of

from ingest.vehicles import VehicleConfig
from parts_catalog.vin import vpic
from parts_catalog.vin.answers import FIELDS, Certainty, Claim, Decoded, Field, Notice, settle
from parts_catalog.vin.manufacturers import country_claim, is_small, maker_claims
from parts_catalog.vin.questions import (
    CHECK_DIGIT,
    NO_VPIC,
    NO_YEAR_CODE,
    SMALL_MAKER,
    UNKNOWN_MAKER,
    contradiction,
    questions,
)
from parts_catalog.vin.rules import Rule, matching, rule_claims, year_claim
from parts_catalog.vin.signs import Regime, Vin, read_vin
from parts_catalog.vin.years import candidate_years, has_year_code, year_claims

OWNER = "owner"
# Names of companies, engines and places: two spellings of one are no contradiction.
_AS_SPELLED = frozenset({"maker", "engine_code", "plant_country", "plant"})


def decode(
    vin: str,
    year: int | None = None,
    hints: VehicleConfig | None = None,
    *,
    latest_year: int | None = None,
    rules: Iterable[Rule] = (),
    look_up: vpic.Lookup = vpic.look_up,
) -> Decoded:
    """Say what a VIN tells, what is left open, and what to ask. A text that is no VIN raises `NotAVin`, nothing else.

    `year` and `hints` are the owner's word. `latest_year` is the newest model year that can exist, such as next year;
    without it, years to come are candidates, too. `rules` are the user's; `look_up` asks vPIC.
    """
    read = read_vin(vin)
    told = _owner_claims(hints, year)
    spoken = matching(read, rules)
    found = look_up(read, year or (hints.model_year if hints else None)) if _may_ask_vpic(read) else None
    model_year = settle("model_year", [*told.get("model_year", ()), *_year_claims(read, spoken, found, latest_year)])
    if found is not None and model_year.value is not None and model_year.value != found.year:
        found = look_up(read, int(model_year.value))  # vPIC had taken the other cycle
    claims: list[Mapping[str, Sequence[Claim]]] = [
        told,
        _each(rule_claims(spoken, _years_that_count(read, model_year))),
        _each(_vpic_claims(found, model_year)),
        {"maker_country": (country_claim(read),)},
    ]
    if not any(source.get("maker") for source in claims):
        claims.append(_each(maker_claims(read)))
    answered = {name: settle(name, _heard(name, claims)) for name in FIELDS} | {"model_year": model_year}
    notices = [*_notices(read, answered, found), *contradiction(answered)]
    return Decoded(read.text, read.regime, read.checked, answered, questions(answered), notices)


def fill(config: VehicleConfig, decoded: Decoded) -> VehicleConfig:
    """Give the configuration with its unknown fields filled from what is certain; what is known stays."""
    known = config.to_json()
    names = {field.name for field in fields_of(VehicleConfig)}
    sure = {name: field.value for name, field in decoded.fields.items() if name in names and field.value is not None}
    return VehicleConfig.from_json({**sure, **known})


def _heard(name: str, claims: Iterable[Mapping[str, Sequence[Claim]]]) -> list[Claim]:
    """Give all claims of a field; of one that is a name in nobody's spelling, the first source's."""
    heard = [one for source in claims for one in source.get(name, ())]
    return heard[:1] if name in _AS_SPELLED else heard


def _owner_claims(hints: VehicleConfig | None, year: int | None) -> dict[str, Sequence[Claim]]:
    """Give what the owner says, which counts as any source does: it decides, unless another one excludes it."""
    known = hints.to_json() if hints else {}
    if year is not None:
        known["model_year"] = year
    return {name: (Claim((value,), OWNER),) for name, value in known.items() if name in FIELDS}


def _may_ask_vpic(vin: Vin) -> bool:
    return vin.regime is Regime.NORTH_AMERICA and vin.checked


def _year_claims(vin: Vin, rules: Sequence[Rule], found: vpic.Found | None, latest: int | None) -> list[Claim]:
    """Position 7 counts for light vehicles under the US rule: of Canada and Mexico, for those that the US were told of.

    Without vPIC nobody says that a code is not a heavy truck's, for which position 7 means something else. A year under
    which vPIC finds the pattern, and position 7 does not, is a contradiction: some small makers did not keep the rule.
    """
    us = vin.of_the_us or (found is not None and found.clean)
    claims = list(year_claims(vin, latest, light=us and (found.light if found else None)))
    if found is not None and found.clean and found.year is not None:
        claims.append(Claim((found.year,), vpic.source(), decides=False))
    if vin.regime is not Regime.ELSEWHERE:
        claims.append(year_claim(rules, candidate_years(vin, latest)))
    return claims


def _years_that_count(vin: Vin, year: Field) -> tuple[int, ...]:
    """Give the years that dated rules are held against: none where position 10 may not be a year at all."""
    if year.certainty is Certainty.CERTAIN or vin.regime is not Regime.ELSEWHERE:
        return tuple(int(one) for one in year.candidates)
    return ()


def _vpic_claims(found: vpic.Found | None, year: Field) -> Mapping[str, Claim]:
    """Give what vPIC found; for a year that is not certain, as candidates only."""
    if found is None:
        return {}
    if year.value == found.year:
        return found.claims
    return {name: Claim(claim.values, claim.source, decides=False) for name, claim in found.claims.items()}


def _each(claims: Mapping[str, Claim]) -> dict[str, Sequence[Claim]]:
    return {name: (claim,) for name, claim in claims.items()}


def _notices(vin: Vin, fields: Mapping[str, Field], found: vpic.Found | None) -> list[Notice]:
    said = []
    if not vin.checked:
        said.append(CHECK_DIGIT)
    if not has_year_code(vin):
        said.append(NO_YEAR_CODE)
    if fields["maker"].certainty is Certainty.UNKNOWN:
        said.append(SMALL_MAKER if is_small(vin) else UNKNOWN_MAKER)
    if _may_ask_vpic(vin) and found is None:
        said.append(NO_VPIC)
    return said
