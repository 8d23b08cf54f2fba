"""The shop: carts that hold what lies in them, orders, and the shipments that bring it, on time or told."""

from parts_catalog.shop.buying import bought, count_paid

__all__ = ["bought", "count_paid"]
