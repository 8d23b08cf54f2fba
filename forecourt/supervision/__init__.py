"""Starts, watches, adopts and stops the bundled servers and our own child processes."""
