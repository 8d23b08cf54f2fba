"""What a VIN tells of a car, offline: per field the value or the candidates, how sure, from where, and what to ask.

VIN ▶ signs.py (refused, or its signs and the standard they follow)
    ▶ rules.py (the user's table, then the shipped one) · manufacturers.py (vininfo) · vpic.py (North America only)
    ▶ years.py (position 10, position 7, the owner's word) ▶ answers.py (claims are settled) ▶ questions.py
"""

from parts_catalog.vin.answers import Certainty, Decoded
from parts_catalog.vin.decoding import decode
from parts_catalog.vin.signs import NotAVin

__all__ = ["Certainty", "Decoded", "NotAVin", "decode"]
