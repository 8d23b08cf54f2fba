"""Applications of a file into the catalogue: a full file replaces what its brands had, another adds and deletes."""

from collections.abc import Sequence

from sqlalchemy import text

from foundation.database import UnitOfWork
from parts_catalog.imports.findings import Findings
from parts_catalog.imports.staging import DOCUMENTS, WORDS

_KEPT = (*WORDS, *DOCUMENTS, "position_code")
_SAME = " AND ".join(f"a.{name} IS NOT DISTINCT FROM l.{name}" for name in _KEPT if name != "quantity")
_OF_THE_LINE = f"""
    FROM incoming_lines l JOIN parts p ON p.brand = l.brand AND p.number_key = l.number_key
    JOIN applications a ON a.part = p.id AND a.removed_by IS NULL AND {_SAME}
"""
# The words of makes and model lines, where lists tell them, so that a line by make and years is found by its make.
_MAKE = "CASE WHEN l.base_vehicle IS NULL THEN m.canonical ->> 'make' END"
_COLUMNS = ", ".join(name for name in (*_KEPT, "extras") if name not in {"make", "model_line"})
_VALUES = ", ".join(f"l.{name}" for name in (*_KEPT, "extras") if name not in {"make", "model_line"})
_INSERT = f"""
INSERT INTO applications (part, part_type, import_id, line, make, model_line, {_COLUMNS})
SELECT p.id, p.part_type, :import, l.line, coalesce(l.make, {_MAKE}),
    CASE WHEN coalesce(l.make, {_MAKE}) IS NULL THEN NULL ELSE coalesce(l.model_line, o.canonical ->> 'model_line') END,
    {_VALUES}
FROM incoming_lines l
JOIN incoming_parts p ON p.brand = l.brand AND p.number_key = l.number_key
LEFT JOIN reference_codes m ON m.kind = 'make' AND m.id = (l.attributes ->> 'make')::integer
LEFT JOIN reference_codes o ON o.kind = 'model_line' AND o.id = (l.attributes ->> 'model_line')::integer
WHERE l.action = 'A' ORDER BY l.line, l.ctid
"""  # noqa: S608 - names of our own columns
_ALREADY = f"""
WITH there AS (SELECT l.ctid AS place {_OF_THE_LINE} AND a.quantity = l.quantity WHERE l.action = 'A')
DELETE FROM incoming_lines l USING there WHERE l.ctid = there.place RETURNING l.line
"""  # noqa: S608
_GONE = f"""
WITH said AS (SELECT a.id, l.line {_OF_THE_LINE} WHERE l.action = 'D'),
    gone AS (UPDATE applications a SET removed_by = :import FROM said WHERE a.id = said.id)
SELECT DISTINCT line FROM said
"""  # noqa: S608
_REPLACED = """
UPDATE applications a SET removed_by = :import FROM parts p
WHERE p.brand = ANY(:brands) AND a.part = p.id AND a.removed_by IS NULL
"""


def merge_lines(unit: UnitOfWork, findings: Findings, import_id: int, brands: Sequence[str], *, full: bool) -> None:
    run = unit.connection.execute
    deleting = list(run(text("SELECT line FROM incoming_lines WHERE action = 'D' ORDER BY line")).scalars())
    if full:
        for line in deleting:
            findings.add("delete_in_full", line, {})
        run(text(_REPLACED), {"import": import_id, "brands": list(brands)})
    else:
        gone = set(run(text(_GONE), {"import": import_id}).scalars()) if deleting else set()
        for line in deleting:
            if line not in gone:
                findings.add("nothing_to_delete", line, {})
        for line in sorted(run(text(_ALREADY)).scalars()):
            findings.add("already_there", line, {})
    run(text(_INSERT), {"import": import_id})
