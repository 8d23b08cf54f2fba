"""The one MetaData of the catalogue's tables."""

from sqlalchemy import MetaData

from foundation.tables import NAMING

metadata = MetaData(naming_convention=NAMING)
