"""A catalogue of any size from a seed: parts, on which cars they fit, prices and stock, written by COPY.

Sixty makes with fifty model lines each and twenty model years are 60,000 base vehicles. Popularity is skewed, as in
real catalogues: a few cars have most of the parts, a few words stand in many names. Words are planted for measuring:
`quillstone` stands in one name only, `brightcut` and `亮刃` in a tenth of all names, `独石` in one.
"""

import time
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import psycopg
from sqlalchemy import text

from foundation.database import UnitOfWork
from parts_catalog.part_types import PART_TYPES
from parts_catalog.parts import Location
from parts_catalog.search import index_parts, index_vehicles
from parts_catalog.version import raise_version
from parts_catalog.warehouse.ledger import open_ledger
from parts_catalog.warehouse.locations import open_location

MAKES, LINES, YEARS = 60, 50, range(2006, 2026)
BRANDS = 200
RARE, FREQUENT, RARE_ZH, FREQUENT_ZH = "quillstone", "brightcut", "独石", "亮刃"
_ORGANISATION = "org_big"
_SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ren",
    "tas",
    "vel",
    "dor",
    "bri",
    "sun",
    "fel",
    "gar",
    "hol",
    "jin",
    "pra",
    "qui",
    "ros",
    "sta",
    "tun",
    "ver",
    "wex",
    "yol",
    "zan",
]
_GOODS = [
    "Pro",
    "Premium",
    "Heavy",
    "Duty",
    "Eco",
    "Sport",
    "Classic",
    "Ceramic",
    "Coated",
    "Reinforced",
    "Long-Life",
    "Kit",
    "Compact",
    "Quiet",
]
_GOODS_ZH = ["高级", "加强", "静音", "陶瓷", "长效", "运动", "经济", "原厂品质", "耐磨", "精密", "防锈", "通用"]
_EQUIPMENT = ('{"air_conditioning": true}', '{"stop_start": true}', '{"air_conditioning": false}')


def name(number: int) -> str:
    """Give an invented name for a number, always the same."""
    said = ""
    while True:
        number, place = divmod(number, len(_SYLLABLES))
        said += _SYLLABLES[place]
        if not number:
            return said


def make(number: int) -> str:
    return f"mk{name(number)}"


def line(make_number: int, number: int) -> str:
    return f"ml{name(make_number * LINES + number)}"


def load(unit: UnitOfWork, parts: int, applications: int, seed: int = 1) -> dict[str, float]:
    """Load a catalogue; gives the seconds of each step."""
    took: dict[str, float] = {}
    rng = np.random.default_rng(seed)
    steps = {
        "brands and cars": lambda: _small(unit),
        "parts": lambda: _parts(unit, rng, parts),
        "applications": lambda: _applications(unit, rng, parts, applications),
        "words": lambda: (index_parts(unit), index_vehicles(unit), raise_version(unit)),
    }
    for step, act in steps.items():
        began = time.perf_counter()
        act()
        took[step] = time.perf_counter() - began
    return took


def _copy(unit: UnitOfWork, table: str, columns: str, rows: Iterator[str]) -> None:
    with unit.driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        while chunk := "".join(islice(rows, 20_000)):
            copy.write(chunk)


def _small(unit: UnitOfWork) -> None:
    brands = (
        f"Brand {name(at)}\t品牌{at}\t{('original', 'aftermarket', 'economy')[min(at // 20, 2)]}\t{1 + at // 10}\n"
        for at in range(BRANDS)
    )
    _copy(unit, "brands", "name, name_zh, quality, rank", brands)
    columns = (
        "id, make, make_zh, make_key, model_line, model_line_zh, model_line_key, model_line_zh_key, year_from, year_to,"
        " fuel, displacement_l, transmission, drive, body, region"
    )
    cars = (
        f"vc_{m}_{n}\t{make(m).title()}\t牌{m}\t{make(m)}\t{line(m, n).title()}\t型{m}号{n}\t{line(m, n)}\t型{m}号{n}"
        f"\t{YEARS[0]}\t{YEARS[-1]}\tpetrol\t1.6\tmanual\tfwd\tsedan\tCN\n"
        for m in range(MAKES)
        for n in range(LINES)
    )
    _copy(unit, "vehicle_configurations", columns, cars)


def _types(parts: int) -> Sequence[str]:
    kinds = list(PART_TYPES)
    return [kinds[at % len(kinds)] for at in range(parts)]


def _parts(unit: UnitOfWork, rng: np.random.Generator, parts: int) -> None:
    goods, goods_zh = rng.integers(0, len(_GOODS), (parts, 3)), rng.integers(0, len(_GOODS_ZH), (parts, 2))
    kinds = _types(parts)

    def rows() -> Iterator[str]:
        for at, kind in enumerate(kinds):
            said = PART_TYPES[kind]
            planted = (f" {RARE}" if at == parts // 2 else "") + (f" {FREQUENT}" if at % 10 == 0 else "")
            planted_zh = (RARE_ZH if at == parts // 2 else "") + (FREQUENT_ZH if at % 10 == 0 else "")
            en = f"{said.en} {' '.join(_GOODS[g] for g in goods[at])}{planted}"
            zh = f"{said.zh}{''.join(_GOODS_ZH[g] for g in goods_zh[at])}{planted_zh}"
            number = f"{at * 7919 % 100_000_007:08d}"
            yield (
                f"part_{at:08d}\tBrand {name(at % BRANDS)}\t{number[:4]}-{number[4:]}\t{number}\t{kind}\t{en}\t{zh}\t\n"
            )

    _copy(unit, "parts", "id, brand, number, number_key, part_type, name_en, name_zh, search_text", rows())
    prices = (f"base\tpart_{at:08d}\tCNY\t{_ORGANISATION}\t{1000 + at % 90_000}\t1300\n" for at in range(parts))
    _copy(unit, "prices", "price_list, part, currency, organisation, net_amount, tax_basis_points", prices)
    stock = (
        f"part_{at:08d}\tloc_{place}\t{_ORGANISATION}\t{(at * 31 + place) % 40}\n"
        for at in range(parts)
        for place in range(1 + at % 2)
    )
    for place in range(2):
        names = f"Warehouse {place}", f"仓库{place}"
        open_location(unit, Location(f"loc_{place}", _ORGANISATION, "warehouse", *names, ships=True))
    _copy(unit, "stock", "part, location, organisation, on_hand", stock)
    open_ledger(unit, "big catalogue")


def _applications(unit: UnitOfWork, rng: np.random.Generator, parts: int, applications: int) -> None:
    """A third state more than make, model line and years; one in twenty has a note, one in fifty excludes."""
    kinds = _types(parts)
    popular = np.minimum(rng.zipf(1.3, applications) - 1, MAKES * LINES - 1)  # a rank: the first are the common cars
    car = (popular * 7 + rng.integers(0, MAKES * LINES // 8, applications)) % (MAKES * LINES)
    first = rng.integers(YEARS[0], YEARS[-1] - 3, applications)
    last = np.minimum(first + rng.integers(0, 4, applications), YEARS[-1])
    states, litres = rng.integers(0, 150, applications), rng.integers(10, 30, applications)
    _copy(
        unit,
        "applications",
        "part, part_type, make, model_line, year_from, year_to, fuel, displacement_l, built_from, position, equipment,"
        " note_en, note_zh, excludes, source",
        _lines(kinds, parts, car.tolist(), first.tolist(), last.tolist(), states.tolist(), litres.tolist()),
    )


def _lines(
    kinds: Sequence[str],
    parts: int,
    cars: Sequence[int],
    first: Sequence[int],
    last: Sequence[int],
    states: Sequence[int],
    litres: Sequence[int],
) -> Iterator[str]:
    names = [(make(at // LINES), line(at // LINES, at % LINES)) for at in range(MAKES * LINES)]
    for at, car in enumerate(cars):
        part, state = at % parts, states[at]
        fuel = "petrol" if state < 50 else r"\N"
        litre = litres[at] / 10 if state < 30 else r"\N"
        built = f"{first[at]}-07" if 30 <= state < 36 else r"\N"
        place = "front" if state % 10 == 0 else r"\N"
        equipment = _EQUIPMENT[state % 3] if 36 <= state < 42 else r"\N"
        note, note_zh = ("heavy version", "加强型") if 42 <= state < 49 else (r"\N", r"\N")
        yield (
            f"part_{part:08d}\t{kinds[part]}\t{names[car][0]}\t{names[car][1]}\t{first[at]}\t{last[at]}\t{fuel}\t{litre}"
            f"\t{built}\t{place}\t{equipment}\t{note}\t{note_zh}\t{'t' if 49 <= state < 52 else 'f'}\tbig {at}\n"
        )


def analyse(url: str) -> None:
    """Let PostgreSQL look at what was loaded, as its own sweep would do within minutes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def sizes(unit: UnitOfWork) -> dict[str, int]:
    """Give the bytes on disk by table, indexes included."""
    rows = unit.connection.execute(
        text(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
    )
    return {relname: int(size) for relname, size in rows if size > 1_000_000}
