"""A small writer of suppliers' files of every version: an invented brand, invented codes."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

BRAND = "BZQT"
NEW = {"5.0"}  # the versions that call things by their newer names


def aces(
    *apps: str,
    version: str = "3.1",
    kind: str = "FULL",
    count: int | None = None,
    encoding: str = "UTF-8",
    brand: str = BRAND,
) -> bytes:
    names = ("BrandID", "VCdbPublicationDate", "QdbPublicationDate", "PCdbPublicationDate")
    if version not in NEW:
        names = ("BrandAAIAID", "VcdbVersionDate", "QdbVersionDate", "PcdbVersionDate")
    dates = "".join(f"<{name}>2026-01-30</{name}>" for name in names[1:])
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<ACES version="{version}">\n<Header><Company>Bolzq</Company>'
        f"<SenderName>Nobody</SenderName><SenderPhone>0</SenderPhone><TransferDate>2026-01-31</TransferDate>"
        f"<{names[0]}>{brand}</{names[0]}><DocumentTitle>Bolzq filters</DocumentTitle>"
        f"<EffectiveDate>2026-02-01</EffectiveDate><SubmissionType>{kind}</SubmissionType>{dates}</Header>\n"
        + "\n".join(apps)
        + f"\n<Footer><RecordCount>{len(apps) if count is None else count}</RecordCount></Footer>\n</ACES>\n"
    )
    return text.encode(encoding)


def app(
    number: int,
    part: str = "BZ-100",
    *inner: str,
    version: str = "3.1",
    action: str = "A",
    vehicle: str | None = None,
    base: int = 5888,
    kind: int = 6832,
    quantity: Any = 1,
    position: int | None = 1,
    after: str = "",
    label: str = "",
    own: str = "",
) -> str:
    """Write an application; `inner` stands between the vehicle and the quantity, `after` behind the part."""
    names = ("PartTerminology", "PartNumber") if version in NEW else ("PartType", "Part")
    placed = "" if position is None else f'<Position id="{position}"/>'
    vehicle = f'<BaseVehicle id="{base}"/>' if vehicle is None else vehicle
    return (
        f'<App action="{action}" id="{number}">{vehicle}{"".join(inner)}<Qty>{quantity}</Qty>'
        f'<{names[0]} id="{kind}"/>{label}{placed}<{names[1]}{own}>{escape(part)}</{names[1]}>{after}</App>'
    )


def rich(version: str) -> list[str]:
    """Write applications that use what a version has."""
    brand = "BrandID" if version in NEW else "BrandAAIAID"
    asset = '<DiagramAsset AssetName="D1" AssetItemOrder="2"/>' if version in NEW else (
        "<AssetName>D1</AssetName><AssetItemOrder>2</AssetItemOrder><AssetItemRef>7</AssetItemRef>"
    )  # fmt: skip
    years = '<Years from="2009" to="2013"/><Make id="54"/><Model id="702"/><SubModel id="20"/>'
    apps = [
        app(1, "BZ-100", version=version),
        app(2, "BZ-100C", "<Note>carbon version</Note>", version=version),
        app(3, "BZ-200", '<SubModel id="20"/><DriveType id="5"/><EngineBase id="560"/><Region id="1"/>',
            version=version, kind=1684, position=22, quantity=2),
        app(4, "BZ-200", version=version, vehicle=years, kind=1684, position=30, label="<MfrLabel>Premium</MfrLabel>"),
        app(5, "BZ-300", '<Qual id="2341"><param value="12" uom="mm"/><text>With 12 mm rotor</text></Qual>'
            '<Note id="4" lang="en">Except &lt;Police&gt;</Note><Note>see bulletin</Note>', version=version, kind=1684,
            position=None, after=f"<DisplayOrder>3</DisplayOrder>{asset}", own=f' {brand}="{BRAND}"'),
    ]  # fmt: skip
    if version in {"4.1", "4.2", "5.0"}:
        machine = (
            '<Mfr id="9"/><EquipmentModel id="77"/><VehicleType id="5"/>'
            '<ProductionYears ProductionStart="2010" ProductionEnd="2014"/>'
        )
        apps.append(app(6, "BZ-400", version=version, vehicle=machine, kind=1684))
        apps.append(app(7, "BZ-400", version=version, vehicle='<EquipmentBase id="31"/>', kind=1684))
    return apps


def item(
    number: str,
    *inner: str,
    version: str = "7.2",
    kind: int | None = 6832,
    action: str = "A",
    brand: str = BRAND,
    before: str = "",
    label: str = "Bolzq",
) -> str:
    """Write an item; `inner` are its segments."""
    name = "BrandID" if version == "8.0" else "BrandAAIAID"
    term = "" if kind is None else f"<PartTerminologyID>{kind}</PartTerminologyID>"
    return (
        f'<Item MaintenanceType="{action}">{before}<PartNumber>{escape(number)}</PartNumber><{name}>{brand}</{name}>'
        f"<BrandLabel>{label}</BrandLabel>{term}{''.join(inner)}</Item>"
    )


def pies(*items: str, version: str = "7.2", kind: str = "FULL", count: int | None = None) -> bytes:
    date = "PCdbPublicationDate" if version == "8.0" else "PCdbVersionDate"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<PIES xmlns="http://www.autocare.org"><Header>'
        f"<PIESVersion>{version}</PIESVersion><SubmissionType>{kind}</SubmissionType><CurrencyCode>USD</CurrencyCode>"
        f"<LanguageCode>EN</LanguageCode><TechnicalContact>Nobody</TechnicalContact>"
        f"<{date}>2026-01-30</{date}></Header>\n<Items>\n"
        + "\n".join(items)
        + f"\n</Items><Trailer><ItemCount>{len(items) if count is None else count}</ItemCount>"
        f"<TransactionDate>2026-01-31</TransactionDate></Trailer></PIES>\n"
    ).encode()


def described(code: str, text: str, language: str = "EN") -> str:
    attributes = f'MaintenanceType="A" DescriptionCode="{code}" LanguageCode="{language}"'
    return f"<Description {attributes}>{escape(text)}</Description>"


def priced(amount: str, kind: str = "RET", currency: str = "USD", more: str = "", unit: str = "PE") -> str:
    return (
        f'<Pricing MaintenanceType="A" PriceType="{kind}"><PriceSheetNumber>S1</PriceSheetNumber>'
        f'<CurrencyCode>{currency}</CurrencyCode>{more}<Price UOM="{unit}">{amount}</Price></Pricing>'
    )


def extended(code: str, text: str) -> str:
    return (
        f'<ExtendedProductInformation MaintenanceType="A" EXPICode="{code}">{escape(text)}</ExtendedProductInformation>'
    )


def within(name: str, *inner: str) -> str:
    return f"<{name}>{''.join(inner)}</{name}>"


def component(number: str, pieces: int = 1) -> str:
    return (
        f'<KitComponent MaintenanceType="A"><ComponentPartNumber>{number}</ComponentPartNumber>'
        f'<Description DescriptionCode="DES">x</Description><QuantityInKit UOM="EA">{pieces}</QuantityInKit>'
        "<SoldSeparately>Y</SoldSeparately></KitComponent>"
    )


def table(rows: Iterable[Sequence[Any]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def saved(folder: Path, content: bytes, name: str = "file.xml") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
