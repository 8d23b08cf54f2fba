"""The catalogue knows no person: a reservation's holder is a case, by its id."""

from collections.abc import Mapping

PERSONAL: Mapping[str, str] = {}
IMPERSONAL: Mapping[str, str] = {
    "brands": "name name_zh quality rank",
    "parts": "id brand number number_key part_type name_en name_zh search_text",
    "applications": "id part part_type make model_line year_from year_to built_from built_to fuel displacement_l"
    " cylinders aspiration transmission drive body engine_code region position quantity equipment note_en note_zh"
    " excludes source",
    "completeness": "brand part_type source",
    "vehicle_configurations": "id make make_zh make_key model_line model_line_zh model_line_key model_line_zh_key"
    " year_from year_to fuel displacement_l cylinders aspiration transmission drive body engine_code region",
    "prices": "price_list part currency organisation net_amount tax_basis_points",
    "stock": "part location organisation on_hand reserved expected",
    "reservations": "id part location organisation holder quantity state reserved_until expected created_at ended_at",
}
