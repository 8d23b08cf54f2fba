"""The demo data of all rooms in one call: workshops, and a catalogue stocked in them."""

from aftersales.seed import seed_workshops
from foundation.database import UnitOfWork
from parts_catalog import seed


def seed_demo(unit: UnitOfWork) -> dict[str, int]:
    """Load workshops and catalogue unless they are there; gives what the catalogue holds."""
    locations = seed_workshops(unit)
    return seed.seed(unit, locations)
