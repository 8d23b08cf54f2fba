"""The warehouse: where pieces lie, what changed that, what is on its way, and who waits for it."""
