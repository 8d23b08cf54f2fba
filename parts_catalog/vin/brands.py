"""Brands that share makers' codes: a code of one of them makes the others candidates, never facts."""

from parts_catalog.spelling import make_key

_TOGETHER = (
    ("Hyundai", "Genesis", "Kia"),
    ("Dodge", "Jeep", "Chrysler", "Ram", "Plymouth", "Fiat"),
    ("Fiat", "Abarth", "Alfa Romeo", "Lancia", "Jeep"),
    ("Chevrolet", "Cadillac", "Buick", "GMC", "Pontiac", "Oldsmobile", "Saturn", "Hummer", "Daewoo"),
    ("Toyota", "Lexus", "Scion"),
    ("Honda", "Acura"),
    ("Nissan", "Infiniti", "Datsun"),
    ("Ford", "Lincoln", "Mercury"),
    ("Volkswagen", "Audi", "Skoda", "SEAT", "Cupra", "Porsche", "Bentley"),
    ("BMW", "Mini", "Rolls-Royce"),
    ("Mercedes-Benz", "Smart", "Maybach"),
    ("Peugeot", "Citroën", "DS", "Opel", "Vauxhall"),
    ("Renault", "Dacia", "Alpine"),
    ("Volvo", "Polestar"),
    ("Jaguar", "Land Rover"),
    ("Subaru", "Scion"),
    ("Mazda", "Ford"),
    ("BYD", "Denza", "Yangwang", "Fangchengbao"),
)


def sharing(title: str) -> tuple[str, ...]:
    """Give the brands that a maker of this name may stand for, his own first; empty when the name is no brand here."""
    groups = [group for group in _TOGETHER if make_key(title) in {make_key(name) for name in group}]
    own = [name for group in groups for name in group if make_key(name) == make_key(title)]
    return tuple(dict.fromkeys([*own, *(name for group in groups for name in group)]))
