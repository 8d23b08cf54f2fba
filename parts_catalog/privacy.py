"""What the catalogue has of persons: what they say of parts, and where their orders go; all else has ids only."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, or_, select, update

from foundation.database import UnitOfWork
from foundation.privacy import ERASED, Person, Rows, rows_of
from parts_catalog.tables import carts, order_lines, orders, part_reviews, returns, shipments

PERSONAL: Mapping[str, str] = {
    "part_reviews": "words",
    "returns": "words answer",
    "orders": "name phone address",
    "shipments": "name phone address",
}
IMPERSONAL: Mapping[str, str] = {
    "brands": "name name_zh quality rank code",
    "brand_keepers": "brand organisation",
    "parts": "id no brand number number_key part_type name_en name_zh search_text state first_import removed_by"
    " terminology",
    "part_numbers": "id part kind maker number number_key import_id removed_by",
    "applications": "id base_vehicle import_id line removed_by year_from year_to cylinders quantity excludes part"
    " part_type make model_line built_from built_to fuel displacement_l aspiration transmission drive body engine_code"
    " region position equipment attributes qualifiers note_en note_zh source position_code extras",
    "completeness": "brand part_type source",
    "supersessions": "id part replaced_by from_date two_way import_id removed_by",
    "interchanges": "id part other import_id removed_by",
    "kit_components": "id kit component quantity required import_id removed_by",
    "vehicle_configurations": "id make make_zh make_key model_line model_line_zh model_line_key model_line_zh_key"
    " year_from year_to fuel displacement_l cylinders aspiration transmission drive body engine_code region",
    "reference_codes": "kind id name_en name_zh canonical",
    "vin_rules": "id wmi pattern year_from year_to fields source",
    "imports": "id organisation account file_name sha256 format version mode brands state counts started_at ended_at"
    " facts bytes bytes_read undo_refused",
    "part_details": "id part details import_id removed_by",
    "import_findings": "id import_id line severity rule text_en text_zh excerpt",
    "import_changes": "id import_id changed_table before",
    "search_words": "id word parts",
    "search_vehicles": "word make model_line",
    "part_words": "word rank part",
    "catalogue_version": "only_row version",
    "prices": "price_list part currency organisation net_amount tax_basis_points",
    "customer_groups": "id organisation name version created_at",
    "customer_group_members": "organisation buyer customer_group",
    "price_lists": "id organisation name channel customer_group region currency valid_from valid_until priority state"
    " version created_at",
    "list_prices": "price_list part from_quantity net_amount tax_basis_points",
    "promotions": "id organisation name_en name_zh code kind value currency target target_value channel customer_group"
    " valid_from valid_until limit_total limit_per_buyer combinable priority used state version created_at",
    "promotion_uses": "promotion order buyer amount used_at given_back_at",
    "part_images": "id part organisation account sha256 media_type width height bytes created_at removed_at",
    "part_reviews": "part organisation rating reviewed_by reviewed_at",
    "stock": "part location organisation on_hand reserved expected",
    "reservations": "id part location organisation holder quantity state reserved_until expected created_at ended_at",
    "locations": "id organisation kind name_en name_zh latitude longitude region ships state version",
    "stock_changes": "id part location organisation kind quantity on_hand account reason reference at",
    "counts": "id part location organisation on_hand counted state account started_at ended_at",
    "expected_deliveries": "id organisation supplier part location quantity received day state version created_at",
    "carts": "id organisation account channel currency state case vehicle code region held_until shown version"
    " created_at updated_at",
    "cart_lines": "cart part quantity back_order added_at",
    "orders": "id organisation account cart channel state case vehicle code currency net_amount tax_amount quote_digest"
    " delivery pickup_location region promised_on payment due_at paid_at created_at updated_at",
    "order_lines": "order number part organisation quantity list_amount net_amount tax_amount tax_basis_points price"
    " returned",
    "shipments": "id order organisation location state delivery distance_km carrier tracking_number promised_on late_at"
    " shipped_at delivered_at version created_at updated_at",
    "shipment_lines": "shipment order number part quantity",
    "returns": "id order organisation seller account state reason currency refund refund_amount version created_at"
    " updated_at",
    "return_lines": "return_id order number location part quantity restocked scrapped rejected",
    "back_orders": "id no part location organisation holder quantity expected state reserved_until created_at ended_at",
    "payments": "id payable_kind payable organisation provider amount currency state refunded provider_reference"
    " code_url created_at due_at look_at paid_at",
    "refunds": "id payment key amount state reason asked_by asked_at ended_at why closed",
    "payment_notices": "provider notice payment kind digest verdict deliveries received_at",
    "payment_calls": "id payment refund kind state attempts error due_at created_at ended_at",
    "sandbox_charges": "reference number amount currency state changed_at",
    "sandbox_refunds": "reference charge amount",
    "sandbox_notices": "id body due_at attempts delivered_at",
}


def export_of(unit: UnitOfWork, person: Person) -> dict[str, Rows]:
    """Give everything on file of what a person said of parts and ordered; a private owner's organisation is he."""
    mine = select(orders.c.id).where(_ordered_by(person))
    return {
        "part_reviews": rows_of(unit, part_reviews, _reviewed_by(person)),
        "carts": rows_of(unit, carts, carts.c.account == person.account),
        "orders": rows_of(unit, orders, _ordered_by(person)),
        "order_lines": rows_of(unit, order_lines, order_lines.c.order.in_(mine)),
        "shipments": rows_of(unit, shipments, shipments.c.order.in_(mine)),
        "returns": rows_of(unit, returns, returns.c.order.in_(mine)),
    }


def subjects_of(unit: UnitOfWork, person: Person) -> set[str]:
    """Give the subjects of the event log that tell of a person's orders."""
    return set(unit.connection.execute(select(orders.c.id).where(_ordered_by(person))).scalars())


def erase(unit: UnitOfWork, person: Person) -> None:
    """Take the person's own words, name and address out of what stays on file; what was sold stays."""
    unit.connection.execute(update(part_reviews).where(_reviewed_by(person)).values(words=""))
    nobody = {"name": ERASED, "phone": "", "address": ""}
    mine = select(orders.c.id).where(_ordered_by(person))
    unit.connection.execute(update(returns).where(returns.c.order.in_(mine)).values(words="", answer=""))
    unit.connection.execute(update(shipments).where(shipments.c.order.in_(mine)).values(nobody))
    unit.connection.execute(update(orders).where(_ordered_by(person)).values(nobody))


def _reviewed_by(person: Person) -> ColumnElement[bool]:
    own = part_reviews.c.reviewed_by == person.account
    return or_(own, part_reviews.c.organisation == person.organisation) if person.private else own


def _ordered_by(person: Person) -> ColumnElement[bool]:
    own = orders.c.account == person.account
    return or_(own, orders.c.organisation == person.organisation) if person.private else own
