"""From completed work to a car that is handed over: the sheet, its bill, its payment, and the record that is reported.

settling.py   the sheet in six groups (sheets.py), the bill (bills.py), the record to report (records.py)
correcting.py a sheet that takes its place, and the money that goes back
paying.py     the bill as what `parts_catalog.payments` calls a payable
counter.py    cash and cards taken at the counter, and given back there
releasing.py  the car is handed over: paid, on account (accounts.py), or nothing is due
choices.py    what the customer brings, wants back, and signs; notifying.py tells the owners
"""

from aftersales.settlement.settling import NotSettleable, settle
from aftersales.settlement.sheets import list_sheets, sheet

__all__ = ["NotSettleable", "list_sheets", "settle", "sheet"]
