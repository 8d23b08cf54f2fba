"""Returns: what a buyer sends back, what its seller makes of it, and what he gets back for it."""
