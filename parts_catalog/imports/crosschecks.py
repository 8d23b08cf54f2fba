"""What records say of one another: lines of another part type, duplicates, overlaps.

Two lines are compared as neighbours: in the order of part number, label and conditions among the lines of one brand,
vehicle, part type and position. An overlap is a pair of neighbours with different parts, the same label and the same
conditions; a comment/no-comment ("CNC") overlap a pair with the same label of which exactly one has conditions.
That is how the trade's linters count them, so that their figures are ours.
"""

from typing import Any

from sqlalchemy import text

from foundation.database import UnitOfWork
from parts_catalog.imports.findings import Findings

# The parts of the file, as far as it adds anything to them: `said` is the type that the file says first.
_PARTS = """
CREATE TEMPORARY TABLE incoming_parts ON COMMIT DROP AS
SELECT DISTINCT ON (brand, number_key)
    'part_' || substr(encode(sha256(convert_to(brand || chr(31) || number_key, 'UTF8')), 'hex'), 1, 20) AS id,
    brand, number_key, number, part_type AS said, terminology, place = 1 AS by_line,
    NULL::text AS known, NULL::text AS part_type
FROM (
    SELECT brand, number_key, number, part_type, terminology, line, 0 AS place FROM incoming_items WHERE action <> 'D'
    UNION ALL
    SELECT brand, number_key, number, part_type, terminology, line, 1 FROM incoming_lines WHERE action = 'A'
) all_records
ORDER BY brand, number_key, part_type IS NULL, place, line
"""
_THERE = """
UPDATE incoming_parts i SET id = p.id, known = p.part_type FROM parts p
WHERE p.brand = i.brand AND p.number_key = i.number_key
"""
# A full file of applications corrects the type that the catalogue has; any file tells it where there was none.
_TYPES = """
UPDATE incoming_parts SET part_type = CASE
    WHEN known IS NULL OR known = :unclassified OR (:full AND by_line) THEN coalesce(said, known, :unclassified)
    ELSE known END
"""
_INDEX = "CREATE UNIQUE INDEX ON incoming_parts (brand, number_key)"
_OTHER_TYPE = """
DELETE FROM incoming_lines l USING incoming_parts p
WHERE p.brand = l.brand AND p.number_key = l.number_key AND p.part_type <> l.part_type
RETURNING l.line, l.number, p.part_type AS known, l.part_type AS said
"""
_ITEM_OF_OTHER_TYPE = """
SELECT i.line, i.number, p.part_type AS known, i.part_type AS said
FROM incoming_items i JOIN incoming_parts p USING (brand, number_key) WHERE p.part_type <> i.part_type ORDER BY i.line
"""
_CORRECTED = """
SELECT min(l.line) AS line, p.number, p.known, p.part_type AS said
FROM incoming_parts p JOIN incoming_lines l USING (brand, number_key)
WHERE p.known <> p.part_type AND p.known <> :unclassified GROUP BY p.id, p.number, p.known, p.part_type ORDER BY line
"""
_NO_TYPE = """
SELECT i.line FROM incoming_items i JOIN incoming_parts p USING (brand, number_key)
WHERE p.part_type = :unclassified AND i.action <> 'D' ORDER BY i.line
"""
_TWICE = """
WITH ranked AS (
    SELECT ctid AS place, first_value(line) OVER same AS other, row_number() OVER same AS nth
    FROM incoming_lines WHERE action = 'A'
    WINDOW same AS (
        PARTITION BY brand, number_key, part_type, position_code, position, vehicle, label, conditions, quantity,
            excludes
        ORDER BY line
    )
)
DELETE FROM incoming_lines l USING ranked r WHERE l.ctid = r.place AND r.nth > 1
RETURNING l.line, r.other, l.number, l.vehicle
"""
_ITEM_TWICE = """
WITH ranked AS (
    SELECT ctid AS place, first_value(line) OVER same AS other, row_number() OVER same AS nth FROM incoming_items
    WINDOW same AS (PARTITION BY brand, number_key ORDER BY line)
)
DELETE FROM incoming_items i USING ranked r WHERE i.ctid = r.place AND r.nth > 1 RETURNING i.line, r.other, i.number
"""
_NEIGHBOURS = """
SELECT * FROM (
    SELECT line, number, lag(line) OVER beside AS other, lag(number) OVER beside AS other_number, CASE
        WHEN lag(label) OVER beside <> label THEN NULL
        WHEN lag(conditions) OVER beside = conditions
            THEN CASE WHEN lag(number) OVER beside <> number THEN 'overlap' ELSE 'quantities_differ' END
        WHEN (lag(conditions) OVER beside = '') <> (conditions = '') THEN 'cnc_overlap' END AS rule
    FROM incoming_lines WHERE action = 'A' AND vehicle <> '' AND NOT excludes
    WINDOW beside AS (
        PARTITION BY brand, vehicle, part_type, position_code, position ORDER BY number, label, conditions, line
    )
) pairs WHERE rule IS NOT NULL ORDER BY line
"""
_COUNT = """
SELECT count(*) FROM (
    SELECT brand, number_key FROM incoming_lines UNION SELECT brand, number_key FROM incoming_items) parts
"""


def check_types(unit: UnitOfWork, findings: Findings, full: bool, unclassified: str) -> None:
    """Settle the type of every part of the file, and reject the lines that say another one."""
    run = unit.connection.execute
    run(text(_PARTS))
    run(text(_INDEX))
    run(text(_THERE))
    run(text(_TYPES), {"full": full, "unclassified": unclassified})
    run(text("ANALYZE incoming_parts"))
    _tell(unit, findings, _OTHER_TYPE, "part_type_disagrees", "number")
    _tell(unit, findings, _ITEM_OF_OTHER_TYPE, "item_type_differs")
    _tell(unit, findings, _CORRECTED, "part_type_corrected", unclassified=unclassified)
    _tell(unit, findings, _NO_TYPE, "no_part_type", unclassified=unclassified)


def check_neighbours(unit: UnitOfWork, findings: Findings, *, items_once: bool) -> None:
    """Reject what stands there twice, and tell of overlaps. `items_once`: a part has one record in this format."""
    _tell(unit, findings, _TWICE, "duplicate", "vehicle")
    if items_once:
        _tell(unit, findings, _ITEM_TWICE, "duplicate_item", "number")
    else:
        unit.connection.execute(text(_ITEM_TWICE))
    for row in unit.connection.execute(text(_NEIGHBOURS)).yield_per(10_000).mappings():
        findings.add(row["rule"], row["line"], dict(row))


def count_parts(unit: UnitOfWork) -> int:
    """Count the parts of which the file has a record that is not rejected."""
    return int(unit.connection.execute(text(_COUNT)).scalar_one())


def _tell(
    unit: UnitOfWork, findings: Findings, statement: str, rule: str, excerpt: str | None = None, **values: Any
) -> None:
    for row in unit.connection.execute(text(statement), values).yield_per(10_000).mappings():
        findings.add(rule, row["line"], dict(row), row[excerpt] if excerpt else None)
