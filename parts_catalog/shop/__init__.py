"""The shop: carts that hold what lies in them, orders, and the shipments that bring it, on time or told."""
