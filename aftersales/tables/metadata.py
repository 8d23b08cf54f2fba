"""The one `MetaData` of aftersales: every table of this folder is in it."""

from sqlalchemy import MetaData

from foundation.tables import NAMING

metadata = MetaData(naming_convention=NAMING)
