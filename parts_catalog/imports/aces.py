"""ACES 3.1 to 5.0: applications of parts to vehicles, every version read into the one record of ours."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, ClassVar

from parts_catalog.applications import Application
from parts_catalog.imports.records import End, Fault, Head, Line, Record, Unreadable
from parts_catalog.imports.values import BadValue, code_of, part_name, quantity_of, year_of
from parts_catalog.imports.xml import Node, stream

VERSIONS = ("3.1", "3.2", "4.0", "4.1", "4.2", "5.0")

# Elements that name or restrict the vehicle by a code, in the standard's order, with our name of the kind of code.
VEHICLE_CODES: Mapping[str, str] = {
    "Make": "make", "Model": "model_line", "SubModel": "submodel", "EquipmentBase": "equipment_base", "Mfr": "mfr",
    "EquipmentModel": "equipment_model", "VehicleType": "vehicle_type", "MfrBodyCode": "mfr_body_code",
    "BodyNumDoors": "body_num_doors", "BodyType": "body_type", "DriveType": "drive_type", "EngineBase": "engine_base",
    "EngineBlock": "engine_block", "EngineBoreStroke": "engine_bore_stroke", "EngineDesignation": "engine_designation",
    "EngineVIN": "engine_vin", "EngineVersion": "engine_version", "EngineMfr": "engine_mfr",
    "PowerOutput": "power_output", "ValvesPerEngine": "valves_per_engine", "FuelDeliveryType": "fuel_delivery_type",
    "FuelDeliverySubType": "fuel_delivery_sub_type", "FuelSystemControlType": "fuel_system_control_type",
    "FuelSystemDesign": "fuel_system_design", "Aspiration": "aspiration", "CylinderHeadType": "cylinder_head_type",
    "FuelType": "fuel_type", "IgnitionSystemType": "ignition_system_type",
    "TransmissionMfrCode": "transmission_mfr_code", "TransmissionBase": "transmission_base",
    "TransmissionType": "transmission_type", "TransmissionControlType": "transmission_control_type",
    "TransmissionNumSpeeds": "transmission_num_speeds", "TransElecControlled": "trans_elec_controlled",
    "TransmissionMfr": "transmission_mfr", "BedLength": "bed_length", "BedType": "bed_type", "WheelBase": "wheel_base",
    "BrakeSystem": "brake_system", "FrontBrakeType": "front_brake_type", "RearBrakeType": "rear_brake_type",
    "BrakeABS": "brake_abs", "FrontSpringType": "front_spring_type", "RearSpringType": "rear_spring_type",
    "SteeringSystem": "steering_system", "SteeringType": "steering_type", "Region": "region",
}  # fmt: skip
# Those that name the vehicle itself where there is no base vehicle; the others are conditions.
IDENTIFYING = ("Make", "Model", "EquipmentBase", "Mfr", "EquipmentModel", "VehicleType")
_PARTS, _PART_TYPES = ("PartNumber", "Part"), ("PartTerminology", "PartType")
_KEPT = ("AssetName", "AssetItemOrder", "AssetItemRef", "DisplayOrder")
_BRANDS = ("BrandID", "BrandAAIAID")
_HEADINGS = ("Company", "DocumentTitle", "EffectiveDate", "TransferDate", "VcdbVersionDate", "QdbVersionDate",
             "PcdbVersionDate", "VCdbPublicationDate", "QdbPublicationDate", "PCdbPublicationDate")  # fmt: skip


def read(file: BinaryIO) -> Iterator[Record]:
    """Read a file: `Head`, then `Line` or `Fault` for each application, then `End` with the footer's count."""
    brand: str | None = None
    declared: int | None = None
    version = ""
    for node in stream(file, frozenset({"Header", "App", "Footer"})):
        if node.tag == "App":
            try:
                yield _line(node, brand)
            except BadValue as bad:
                yield Fault(node.line, bad.rule, bad.about, excerpt(node))
        elif node.tag == "ACES":
            version = node.attributes.get("version", "")
            if version not in VERSIONS:
                raise Unreadable(
                    "unknown_version", f"ACES {version} is not known", node.line, format="ACES", version=version
                )
        elif node.tag == "Header":
            brand = node.said(*_BRANDS)
            yield _head(node, version)
        elif node.tag == "Footer":
            count = node.said("RecordCount") or ""
            declared = int(count) if count.isascii() and count.isdigit() else None
    yield End(declared)


def excerpt(node: Node) -> str:
    """Write the beginning of a record for a person to find it again."""
    said = f"id={node.attributes.get('id')} " if "id" in node.attributes else ""
    inner = " ".join(
        f"{one.tag}={one.text.strip() or one.attributes.get('id', '') or one.attributes}" for one in node.children
    )
    return (said + inner)[:300]


def _head(node: Node, version: str) -> Head:
    submission = (node.said("SubmissionType") or "").upper()
    facts = {name: text for name in _HEADINGS if (text := node.said(name)) is not None}
    if brand := node.said(*_BRANDS):
        facts["brand"] = brand
    return Head("aces", version, {"FULL": True, "UPDATE": False}.get(submission), submission == "TEST", facts)


def _line(node: Node, brand: str | None) -> Line:
    """Read one application. Raises `BadValue` with the first rule that it breaks."""
    action = node.attributes.get("action", "")
    if action not in {"A", "D"}:
        raise BadValue("bad_action", action=action)
    found = _Parts()
    for one in node.children:
        found.take(one)
    part = node.child(*_PARTS)
    own = (part.attributes.get("BrandID") or part.attributes.get("BrandAAIAID")) if part is not None else None
    name = part_name(own or brand, part.text if part is not None else None, coded=True)
    if found.terminology is None:
        raise BadValue("missing_part_type")
    quantity = quantity_of(node.said("Qty"))
    for key in ("ref", "validate"):
        if key in node.attributes and node.attributes[key] != "yes":
            found.extras[key] = node.attributes[key]
    if part is not None and (own or len(part.attributes) > 1):
        found.extras["part"] = dict(part.attributes)
    return Line(
        line=node.line,
        action=action,
        part=name,
        application=found.application(quantity),
        vehicle=found.vehicle(),
        conditions=found.conditions(),
        label=found.label,
        terminology=found.terminology,
        position_code=found.position,
        extras=found.extras | {"id": node.attributes.get("id", "")},
    )


class _Parts:
    """What the elements of one application say."""

    def __init__(self) -> None:
        self.base: int | None = None
        self.years: tuple[int | None, int | None] = (None, None)
        self.codes: dict[str, int] = {}
        self.terminology: int | None = None
        self.position: int | None = None
        self.label = ""
        self.extras: dict[str, Any] = {}
        self._qualifiers: list[dict[str, Any]] = []
        self._notes: list[tuple[str, dict[str, str]]] = []

    def take(self, node: Node) -> None:
        """Take one element in. Raises `BadValue` for an id that is none, and for an element that is not known."""
        if node.tag in VEHICLE_CODES:
            self.codes[node.tag] = code_of(node)
            if text := node.text.strip():
                self.extras.setdefault("texts", {})[node.tag] = text
        elif node.tag in _KEPT:
            self.extras[node.tag] = node.text.strip()
        elif node.tag in self._TAKERS:
            self._TAKERS[node.tag](self, node)
        elif node.tag not in {"Qty", *_PARTS}:
            raise BadValue("unknown_element", element=node.tag)

    def _base(self, node: Node) -> None:
        self.base = code_of(node)

    def _years(self, node: Node) -> None:
        self.years = (year_of(node.attributes.get("from")), year_of(node.attributes.get("to")))

    def _production(self, node: Node) -> None:
        first, last = node.attributes.get("ProductionStart"), node.attributes.get("ProductionEnd")
        self.years = (year_of(first) if first else None, year_of(last) if last else None)

    def _qualifier(self, node: Node) -> None:
        self._qualifiers.append(_qualifier(node))

    def _note(self, node: Node) -> None:
        self._notes.append((node.text.strip(), dict(node.attributes)))

    def _type(self, node: Node) -> None:
        self.terminology = code_of(node)

    def _position(self, node: Node) -> None:
        self.position = code_of(node)

    def _diagram(self, node: Node) -> None:
        self.extras[node.tag] = dict(node.attributes)

    def _assets(self, node: Node) -> None:
        self.extras[node.tag] = [dict(one.attributes) for one in node.children]

    def _label(self, node: Node) -> None:
        text = node.text.strip()
        self.label = f"{self.label}; {text}" if self.label else text
        self.extras.setdefault("labels", []).append([text, dict(node.attributes)])

    _TAKERS: ClassVar[Mapping[str, Callable[["_Parts", Node], None]]] = {
        "BaseVehicle": _base,
        "Years": _years,
        "ProductionYears": _production,
        "Qual": _qualifier,
        "Note": _note,
        "Position": _position,
        "MfrLabel": _label,
        "DiagramAsset": _diagram,
        "NonDiagramAssets": _assets,
        **dict.fromkeys(_PART_TYPES, _type),
    }

    def vehicle(self) -> str:
        """Say in one spelling which vehicle is meant. Raises `BadValue` where none is, or its years are reversed."""
        first, last = self.years
        if first is not None and last is not None and first > last:
            raise BadValue("years_reversed", first=first, last=last)
        if self.base is not None:
            return f"BaseVehicle:{self.base}"
        if not any(tag in self.codes for tag in ("Make", "Mfr", "EquipmentBase")):
            raise BadValue("missing_vehicle")
        named = [f"{tag}:{self.codes[tag]}" for tag in IDENTIFYING if tag in self.codes]
        return ";".join([*named, f"{first or ''}-{last or ''}"])

    def conditions(self) -> str:
        """Say in one spelling what of the vehicle is asked for: codes, qualifiers, notes, as they stand."""
        identifying = () if self.base is not None else IDENTIFYING
        codes = [f"{tag}:{code};" for tag, code in self.codes.items() if tag not in identifying]
        qualifiers = [f"Qual:{one['id']} {one['text']} {one.get('params', '')};" for one in self._qualifiers]
        return "".join([*codes, *qualifiers, *(f"{text}; " for text, _ in self._notes)])

    def application(self, quantity: int) -> Application:
        chinese = [text for text, more in self._notes if more.get("lang", "").lower() == "zh" and text]
        others = [text for text, more in self._notes if more.get("lang", "").lower() != "zh" and text]
        if len(self._notes) > 1 or any(more for _, more in self._notes):
            self.extras["notes"] = [[text, more] for text, more in self._notes]
        return Application(
            source="",
            base_vehicle=self.base,
            year_from=self.years[0],
            year_to=self.years[1],
            position=f"pcdb_{self.position}" if self.position is not None else None,
            quantity=quantity,
            attributes={VEHICLE_CODES[tag]: code for tag, code in self.codes.items()} or None,
            qualifiers=self._qualifiers or None,
            note_en="; ".join(others) or None,
            note_zh="; ".join(chinese) or None,
        )


def _qualifier(node: Node) -> dict[str, Any]:
    qualifier: dict[str, Any] = {"id": code_of(node), "text": node.said("text") or ""}
    params = [dict(one.attributes) for one in node.children if one.tag == "param"]
    if params:
        qualifier["params"] = {f"p{number}": one for number, one in enumerate(params, 1)}
    return qualifier
