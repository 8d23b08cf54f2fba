"""Judging a predictor by the protocol of faults.md C: per vehicle and fault episode, never per row.

`histories.py` is what goes in; `raising.py` turns probabilities into alarms as `diagnostics/monitor.py` does;
`outcomes.py` holds alarms against episodes; `curves.py`, `reliability.py` and `resampling.py` measure;
`figures.py` puts it together, `gates.py` holds it against what must be reached.
"""
