"""The demo: a family, a workshop and a small live fleet on a real Forecourt, by hand or by script."""
