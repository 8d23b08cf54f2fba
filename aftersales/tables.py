"""The tables of aftersales."""

from sqlalchemy import MetaData

from foundation.tables import NAMING

metadata = MetaData(naming_convention=NAMING)
