"""Payments: what is owed is paid at a provider, and goes back from there."""
