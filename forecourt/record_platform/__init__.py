"""Reporting repairs to the platforms that keep cars' electronic records; `docs/settlement.md` draws the way."""
