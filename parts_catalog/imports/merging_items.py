"""What files tell of parts into the catalogue: details, other numbers, prices, and how parts stand to one another."""

from collections.abc import Sequence

from sqlalchemy import text

from foundation.database import UnitOfWork
from parts_catalog.imports.findings import Findings

# The items of the file beside their parts in the catalogue.
_ITEMS = """
CREATE TEMPORARY TABLE known_items ON COMMIT DROP AS
SELECT i.line, p.id AS part, i.details, i.has_numbers OR :full AS renumbered, i.has_relatives OR :full AS related
FROM incoming_items i JOIN incoming_parts p USING (brand, number_key) WHERE i.action <> 'D'
"""
_DETAILS = """
CREATE TEMPORARY TABLE new_details ON COMMIT DROP AS
SELECT i.part, CASE WHEN :full THEN i.details ELSE coalesce(d.details, '{}') || i.details END AS details
FROM known_items i LEFT JOIN part_details d ON d.part = i.part AND d.removed_by IS NULL
WHERE d.details IS DISTINCT FROM CASE WHEN :full THEN i.details ELSE coalesce(d.details, '{}') || i.details END
"""
_NUMBERS = """
CREATE TEMPORARY TABLE new_numbers ON COMMIT DROP AS
SELECT DISTINCT ON (i.part, n.kind, n.maker, n.number_key) i.part, n.kind, n.maker, n.number, n.number_key
FROM incoming_numbers n JOIN known_items i USING (line) ORDER BY i.part, n.kind, n.maker, n.number_key, n.number
"""
_SAME_NUMBER = "n.part = k.part AND n.kind = k.kind AND n.maker = k.maker AND n.number_key = k.number_key"
_STEPS = (
    "UPDATE part_details d SET removed_by = :import FROM new_details n WHERE d.part = n.part AND d.removed_by IS NULL",
    "INSERT INTO part_details (part, details, import_id) SELECT part, details, :import FROM new_details",
    f"""UPDATE part_numbers k SET removed_by = :import FROM known_items i
    WHERE i.part = k.part AND i.renumbered AND k.removed_by IS NULL
        AND NOT EXISTS (SELECT FROM new_numbers n WHERE {_SAME_NUMBER})""",  # noqa: S608 - our own words
    f"""INSERT INTO part_numbers (part, kind, maker, number, number_key, import_id)
    SELECT part, kind, maker, number, number_key, :import FROM new_numbers n
    WHERE NOT EXISTS (SELECT FROM part_numbers k WHERE {_SAME_NUMBER} AND k.removed_by IS NULL)""",  # noqa: S608
)
_LEFT_OUT = """
UPDATE {table} t SET removed_by = :import FROM parts p WHERE p.id = t.{part} AND p.brand = ANY(:brands)
    AND t.removed_by IS NULL AND NOT EXISTS (SELECT FROM known_items i WHERE i.part = t.{part})
"""
_OF_A_PART = (("part_details", "part"), ("part_numbers", "part"), ("supersessions", "part"), ("interchanges", "part"),
              ("kit_components", "kit"))  # fmt: skip

_PRICES = """
CREATE TEMPORARY TABLE new_prices ON COMMIT DROP AS
SELECT DISTINCT ON (n.price_list, i.part, n.currency) n.price_list, i.part, n.currency, n.amount,
    coalesce(k.organisation, :organisation) AS organisation,
    CASE WHEN n.currency = 'CNY' THEN :vat ELSE 0 END AS tax
FROM incoming_prices n JOIN known_items i USING (line) JOIN parts p ON p.id = i.part
LEFT JOIN brand_keepers k ON k.brand = p.brand ORDER BY n.price_list, i.part, n.currency, n.line
"""
_REMEMBER_PRICES = """
INSERT INTO import_changes (import_id, changed_table, before)
SELECT :import, 'prices', coalesce(to_jsonb(p),
    jsonb_build_object('price_list', n.price_list, 'part', n.part, 'currency', n.currency))
FROM new_prices n LEFT JOIN prices p ON (p.price_list, p.part, p.currency) = (n.price_list, n.part, n.currency)
WHERE p.net_amount IS DISTINCT FROM n.amount
"""
_END_PRICES = """
DELETE FROM prices p USING new_prices n
WHERE (p.price_list, p.part, p.currency) = (n.price_list, n.part, n.currency) AND n.amount IS NULL
"""
_SET_PRICES = """
INSERT INTO prices (price_list, part, currency, organisation, net_amount, tax_basis_points)
SELECT price_list, part, currency, organisation, amount, tax FROM new_prices WHERE amount IS NOT NULL
ON CONFLICT (price_list, part, currency) DO UPDATE SET net_amount = excluded.net_amount
    WHERE prices.net_amount <> excluded.net_amount
"""


def merge_items(unit: UnitOfWork, import_id: int, *, full: bool) -> None:
    """Write details and numbers. A full file replaces what a part had; another one what it speaks of."""
    run = unit.connection.execute
    run(text(_ITEMS), {"full": full})
    run(text("CREATE INDEX ON known_items (part)"))
    run(text("ANALYZE known_items"))
    run(text(_DETAILS), {"full": full})
    run(text(_NUMBERS))
    for step in _STEPS:
        run(text(step), {"import": import_id})


def drop_left_out(unit: UnitOfWork, import_id: int, brands: Sequence[str]) -> None:
    """Take out what the catalogue tells of the brands' parts that a full file leaves out."""
    for table, part in _OF_A_PART:
        statement = _LEFT_OUT.format(table=table, part=part)
        unit.connection.execute(text(statement), {"import": import_id, "brands": list(brands)})


def merge_prices(unit: UnitOfWork, import_id: int, organisation: str, vat: int) -> None:
    run = unit.connection.execute
    run(text(_PRICES), {"organisation": organisation, "vat": vat})
    run(text(_REMEMBER_PRICES), {"import": import_id})
    run(text(_END_PRICES))
    run(text(_SET_PRICES))


# How each relation of a file is written: our table, whose part it is of there, and the other one.
_TABLES = {
    "supersessions": ("part", "replaced_by"),
    "interchanges": ("part", "other"),
    "kit_components": ("kit", "component"),
}
_RELATIONS = """
CREATE TEMPORARY TABLE new_relations ON COMMIT DROP AS
SELECT r.line, r.kind, r.brand, r.number, o.id AS found, r.quantity, r.since, CASE
        WHEN r.kind = 'component' THEN 'kit_components'
        WHEN r.kind = 'interchange' THEN 'interchanges' ELSE 'supersessions' END AS into_table,
    CASE WHEN r.kind = 'supersedes' THEN o.id WHEN r.kind = 'interchange' THEN least(i.part, o.id)
        ELSE i.part END AS here,
    CASE WHEN r.kind = 'supersedes' THEN i.part WHEN r.kind = 'interchange' THEN greatest(i.part, o.id)
        ELSE o.id END AS there
FROM incoming_relatives r JOIN known_items i USING (line)
LEFT JOIN parts o ON o.brand = r.brand AND o.number_key = r.number_key AND o.removed_by IS NULL
"""
_UNKNOWN = """
SELECT line, kind, brand, number FROM new_relations WHERE found IS NULL AND kind IN ('component', 'superseded_by')
ORDER BY line
"""
_SELF = "DELETE FROM new_relations WHERE here = there RETURNING line, kind, number"
_OLD = """
UPDATE {table} t SET removed_by = :import FROM known_items i
WHERE i.part = t.{here} AND i.related AND t.removed_by IS NULL
    AND NOT EXISTS (SELECT FROM new_relations n
        WHERE n.into_table = '{table}' AND n.here = t.{here} AND n.there = t.{there})
"""
_NEW = """
INSERT INTO {table} ({here}, {there}, import_id{more})
SELECT here, there, :import{values} FROM (
    SELECT DISTINCT ON (here, there) * FROM new_relations WHERE into_table = '{table}' AND found IS NOT NULL
    ORDER BY here, there, line
) n WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.{here} = n.here AND t.{there} = n.there AND t.removed_by IS NULL)
"""
# An edge whose end leads back to its start; all edges of this import that lie on a circle are taken back.
_CIRCLES = """
WITH RECURSIVE ways AS (
    SELECT id AS edge, {here} AS start, {there} AS at, 1 AS hops FROM {table}
    WHERE import_id = :import AND removed_by IS NULL
    UNION
    SELECT w.edge, w.start, t.{there}, w.hops + 1 FROM ways w JOIN {table} t ON t.{here} = w.at AND t.removed_by IS NULL
    WHERE w.at <> w.start AND w.hops < 1000
), circles AS (
    DELETE FROM {table} WHERE id IN (SELECT edge FROM ways WHERE at = start) RETURNING {here} AS here, {there} AS there
)
SELECT n.line, n.kind, n.number FROM circles c
JOIN new_relations n ON n.here = c.here AND n.there = c.there AND n.into_table = '{table}' ORDER BY n.line
"""


def merge_relations(unit: UnitOfWork, findings: Findings, import_id: int) -> None:
    """Write supersessions, interchanges and kits; what is unknown or would go in a circle is told and left out."""
    run = unit.connection.execute
    run(text(_RELATIONS))
    for row in run(text(_UNKNOWN)).mappings():
        findings.add("unknown_relative", row["line"], dict(row))
    for row in run(text(_SELF)).mappings():
        findings.add("circular", row["line"], dict(row))
    for table, (here, there) in _TABLES.items():
        more, values = {
            "supersessions": (", from_date", ", since"),
            "kit_components": (", quantity", ", quantity"),
        }.get(table, ("", ""))
        names = {"table": table, "here": here, "there": there, "more": more, "values": values}
        run(text(_OLD.format(**names)), {"import": import_id})
        run(text(_NEW.format(**names)), {"import": import_id})
        if table != "interchanges":
            for row in run(text(_CIRCLES.format(**names)), {"import": import_id}).mappings():
                findings.add("circular", row["line"], dict(row))
