"""The equipment that decides between parts, in words of both languages."""

from collections.abc import Mapping

EQUIPMENT: Mapping[str, tuple[str, str]] = {
    "air_conditioning": ("air conditioning", "空调"),
    "stop_start": ("stop-start system", "自动启停"),
    "trailer_hitch": ("trailer hitch", "拖车钩"),
    "parking_heater": ("parking heater", "驻车加热"),
    "electric_parking_brake": ("electric parking brake", "电子驻车"),
    "sports_suspension": ("sports suspension", "运动悬架"),
    "brake_wear_sensor": ("brake pad wear sensor", "刹车片磨损传感器"),
    "rain_sensor": ("rain sensor", "雨量传感器"),
    "xenon_headlights": ("xenon headlights", "氙气大灯"),
}


def equipment_words(name: str, has: bool) -> tuple[str, str]:
    """Say "with ..." or "without ..." in English and Chinese; unlisted equipment goes by its own name."""
    en, zh = EQUIPMENT.get(name, (name.replace("_", " "), name.replace("_", " ")))
    return (f"with {en}", f"带{zh}") if has else (f"without {en}", f"不带{zh}")
