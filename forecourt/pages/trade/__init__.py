"""Pages of parts: the search, the shop, and what their sellers do."""
