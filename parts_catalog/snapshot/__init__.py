"""The snapshot: what the catalogue says, as arrays in files, for questions that come in thousands. SQL is the truth.

layout.py      which files there are, and what they hold
files.py       arrays and texts on disk, appended to in bounded memory, read by memory map
lines.py       streams the applications out of SQL into columns, in the order in which they are asked for
fits.py        which parts are made for which car, span of years by span of years
building.py    all of a version, written apart and put in place whole, after a change
reading.py     candidates in batches, and what the judge is told of a car
newest.py      the one that is of the catalogue as it is now, or none

A snapshot has the version of the catalogue that it was made from. Where the catalogue has another one by now, SQL
answers: a snapshot is never stale, only absent.
"""
