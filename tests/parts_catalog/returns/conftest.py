"""The market of the shop, in which what was bought goes back."""

from tests.parts_catalog.shop.conftest import market

__all__ = ["market"]
