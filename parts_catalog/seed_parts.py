"""The parts and applications of the seed catalogue, drawn from the rules and the vehicles: the same ones every time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256

from parts_catalog.applications import Application
from parts_catalog.part_types import PART_TYPES, PartType
from parts_catalog.seed_rules import BRANDS, CHANGED_MID_RUN, NOTES, RULES, VARIANTS, Brand, Rule
from parts_catalog.seed_sizes import SIZES
from parts_catalog.seed_vehicles import SeedVehicle
from parts_catalog.spelling import number_key, plain

POSITIONS_ZH = {
    "front": "前", "rear": "后", "upper": "上", "lower": "下",
    "upstream": "前级", "downstream": "后级", "driver": "主驾侧", "passenger": "副驾侧",
}  # fmt: skip
Alike = tuple[str, str, str, float | None]  # what a line always states of a car


@dataclass(frozen=True)
class SeedPart:
    """One part with its lines; `net_fen` without tax; `pieces` is the largest number that one car takes."""

    brand: Brand
    number: str
    part_type: str
    name_en: str
    name_zh: str
    search_text: str
    net_fen: int
    lines: tuple[Application, ...]

    @cached_property
    def id(self) -> str:
        return f"part_{digest(self.brand.name, number_key(self.number))[:20]}"

    @property
    def pieces(self) -> int:
        return max(line.quantity for line in self.lines)


def digest(*words: object) -> str:
    """Give hex digits that stand for the words: the seed's only source of variety."""
    return sha256("|".join(map(str, words)).encode()).hexdigest()


def draw(below: int, *words: object) -> int:
    return int(digest(*words)[:12], 16) % below


def seed_parts(vehicles: Iterable[SeedVehicle]) -> Iterator[SeedPart]:
    """Draw the catalogue: per part type its groups of cars, per group the brands, per brand one part or two."""
    cars = list(vehicles)
    alike: dict[Alike, list[SeedVehicle]] = {}
    for car in cars:
        alike.setdefault(_alike(car), []).append(car)
    taken: set[str] = set()
    for part_type, rule in RULES.items():
        suited = [car for car in cars if car.properties.issuperset(rule.needs)]
        for position in rule.positions:
            for group, members in _groups(part_type, rule, suited, position).items():
                for brand in BRANDS[: rule.brands]:
                    yield from _parts(
                        _Batch(PART_TYPES[part_type], rule, position, group, brand, members, alike), taken
                    )


def _alike(car: SeedVehicle) -> Alike:
    return car.make, car.model_line, car.fuel, car.displacement_l


def _groups(part_type: str, rule: Rule, cars: list[SeedVehicle], position: str | None) -> dict[str, list[SeedVehicle]]:
    groups: dict[str, list[SeedVehicle]] = {}
    for car in cars:
        groups.setdefault(_group(part_type, rule, car, position), []).append(car)
    return groups


def _group(part_type: str, rule: Rule, car: SeedVehicle, position: str | None) -> str:
    match rule.scope:
        case "engine":
            return car.engine_code or ""
        case "size":
            return SIZES[part_type](car, position)[0]
        case "all":
            return ""
        case _:
            return car.key


@dataclass(frozen=True, slots=True)
class _Batch:
    """Everything that one brand makes of one part type, at one position, for one group of cars."""

    part_type: PartType
    rule: Rule
    position: str | None
    group: str
    brand: Brand
    members: list[SeedVehicle]
    alike: Mapping[Alike, list[SeedVehicle]]


def _parts(batch: _Batch, taken: set[str]) -> Iterator[SeedPart]:
    """Give one part; or two, where equipment or the build month decides between them."""
    lines = tuple(_line(batch, car) for car in batch.members)
    if batch.rule.scope == "all":
        lines = (Application(source="", position=batch.position, quantity=1),)
    equipment = VARIANTS.get((batch.part_type.name, batch.brand.rank))
    if equipment is not None:
        for has in (True, False):
            variant = tuple(replace(line, equipment={equipment: has}) for line in lines)
            yield _part(batch, variant, f"{equipment}={has}", taken)
    elif _changed(batch):
        earlier, later = _split(lines)
        yield _part(batch, earlier, "earlier", taken)
        yield _part(batch, later, "later", taken)
    else:
        yield _part(batch, lines, "", taken)


def _line(batch: _Batch, car: SeedVehicle) -> Application:
    """State what tells this car from the others of its model line: never more than that, so little has to be asked."""
    rivals = [
        other
        for other in batch.alike[_alike(car)]
        if other.year_from <= car.year_to and car.year_from <= other.year_to and other not in batch.members
    ]
    told_by_aspiration = all(other.aspiration != car.aspiration for other in rivals)
    note_en, note_zh = NOTES.get((batch.part_type.name, batch.brand.rank), (None, None))
    return Application(
        source="",
        make=car.make_key,
        model_line=car.model_key,
        year_from=car.year_from,
        year_to=car.year_to,
        fuel=car.fuel,
        displacement_l=car.displacement_l,
        aspiration=car.aspiration if rivals and told_by_aspiration else None,
        engine_code=car.engine if rivals and not told_by_aspiration else None,
        transmission=car.transmission if {"automatic", "converter", "manual"} & set(batch.rule.needs) else None,
        position=batch.position,
        quantity=_quantity(batch.rule, car),
        note_en=note_en and note_en.format(size=batch.group),
        note_zh=note_zh and note_zh.format(size=batch.group),
    )


def _quantity(rule: Rule, car: SeedVehicle) -> int:
    litres = car.displacement_l or 0.0
    oil_cans = 4 if litres <= 1.6 else 5 if litres <= 2.1 else 6 if litres <= 3.0 else 8
    return {
        "one": 1,
        "cylinder": car.cylinders or 1,
        "axle": 2,
        "wheel": 4,
        "oil": oil_cans,  # of one litre
        "coolant": 3 if litres <= 1.6 else 4,  # of two litres
        "fluid": 4,  # of one litre
    }[rule.per]


def _changed(batch: _Batch) -> bool:
    return (
        batch.part_type.name in CHANGED_MID_RUN
        and batch.brand.rank > 1
        and all(car.year_to - car.year_from >= 4 for car in batch.members)
        and draw(2, "changed", batch.part_type.name, batch.position, batch.group) == 0
    )


def _split(lines: tuple[Application, ...]) -> tuple[tuple[Application, ...], tuple[Application, ...]]:
    """Split a production run in its middle year: the parts differ by build month."""
    earlier, later = [], []
    for line in lines:
        middle = ((line.year_from or 0) + (line.year_to or 0)) // 2
        earlier.append(replace(line, year_to=middle, built_to=f"{middle}-06"))
        later.append(replace(line, year_from=middle, built_from=f"{middle}-07"))
    return tuple(earlier), tuple(later)


def _part(batch: _Batch, lines: tuple[Application, ...], variant: str, taken: set[str]) -> SeedPart:
    kind, brand = batch.part_type, batch.brand
    identity = (brand.name, kind.name, batch.position, batch.group, variant)
    number = _number(brand, identity, taken)
    first = batch.members[0]
    for_en, for_zh = {
        "car": (f"{first.make} {first.model_line}", f"{first.make_zh}{first.model_line_zh}"),
        "all": ("", ""),
    }.get(batch.rule.scope, (batch.group, batch.group))
    name_en = kind.en + (f", {batch.position}" if batch.position else "") + (f" ({for_en})" if for_en else "")
    name_zh = POSITIONS_ZH.get(batch.position or "", "") + kind.zh + (f"（{for_zh}）" if for_zh else "")
    vehicles = sorted({car.names for car in batch.members}) if batch.rule.scope in {"engine", "car"} else []
    return SeedPart(
        brand=brand,
        number=number,
        part_type=kind.name,
        name_en=name_en,
        name_zh=name_zh,
        search_text=plain(" ".join(vehicles)),
        net_fen=_net_fen(batch, identity),
        lines=lines,
    )


def _number(brand: Brand, identity: tuple[object, ...], taken: set[str]) -> str:
    for attempt in range(1000):
        digits = f"{draw(10**10, 'number', *identity, attempt):010d}"
        number = brand.pattern.format(digits[:5], digits[5:])
        if (key := f"{brand.name} {number_key(number)}") not in taken:
            taken.add(key)
            return number
    raise RuntimeError(f"{brand.name} has run out of part numbers")


def _net_fen(batch: _Batch, identity: tuple[object, ...]) -> int:
    """Price by size of engine or part, brand, and a spread of +-12 %; rounded to 0.10 yuan."""
    car, rule = batch.members[0], batch.rule
    if rule.scope == "size":
        size = SIZES[batch.part_type.name](car, batch.position)[1]
    else:
        size = 700 + int(300 * (car.displacement_l or 1.6) / 1.6)
    spread = 880 + draw(241, "price", *identity)
    return max(1, rule.yuan * 100 * size * batch.brand.per_mille * spread // 10**9 // 10) * 10
