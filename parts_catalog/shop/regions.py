"""Where the regions of addresses lie: the seat of each province's government stands for the province (ISO 3166-2)."""

from collections.abc import Mapping

from parts_catalog.warehouse.nearest import Place, great_circle

SEATS: Mapping[str, Place] = {
    "CN-AH": (31.82, 117.23),
    "CN-BJ": (39.90, 116.41),
    "CN-CQ": (29.56, 106.55),
    "CN-FJ": (26.07, 119.30),
    "CN-GD": (23.13, 113.26),
    "CN-GS": (36.06, 103.83),
    "CN-GX": (22.82, 108.37),
    "CN-GZ": (26.65, 106.63),
    "CN-HA": (34.75, 113.63),
    "CN-HB": (30.59, 114.31),
    "CN-HE": (38.04, 114.51),
    "CN-HI": (20.04, 110.20),
    "CN-HK": (22.32, 114.17),
    "CN-HL": (45.80, 126.53),
    "CN-HN": (28.23, 112.94),
    "CN-JL": (43.82, 125.32),
    "CN-JS": (32.06, 118.80),
    "CN-JX": (28.68, 115.86),
    "CN-LN": (41.80, 123.43),
    "CN-MO": (22.20, 113.55),
    "CN-NM": (40.84, 111.75),
    "CN-NX": (38.49, 106.23),
    "CN-QH": (36.62, 101.78),
    "CN-SC": (30.57, 104.07),
    "CN-SD": (36.65, 117.12),
    "CN-SH": (31.23, 121.47),
    "CN-SN": (34.34, 108.94),
    "CN-SX": (37.87, 112.55),
    "CN-TJ": (39.13, 117.20),
    "CN-TW": (25.03, 121.57),
    "CN-XJ": (43.83, 87.62),
    "CN-XZ": (29.65, 91.14),
    "CN-YN": (25.04, 102.71),
    "CN-ZJ": (30.27, 120.15),
}


def place_of(region: str | None) -> Place | None:
    """Give where a region lies, if that is known."""
    return SEATS.get(region) if region else None


def distance_km(one: Place | None, other: Place | None) -> int | None:
    """Give the great-circle distance in whole kilometres; None where either place is unknown."""
    return None if one is None or other is None else round(great_circle(one, other))
