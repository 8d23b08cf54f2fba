"""Prices of the shop: whose list a buyer pays, what is taken off, and the tax; quoted once and charged as quoted.

quotes.py      the words: buyer, line, promotion, quote and its digest
reckoning.py   the arithmetic: promotions over priced lines, rounding, tax; pure, and the rules in one place
finding.py     asks the database which price each line has for a buyer, and which promotions there are
redeeming.py   counts the uses of promotions, never one too many
lists.py, promotions.py, groups.py   what a seller keeps; http.py is their door
"""
