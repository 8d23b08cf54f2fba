"""One spelling for what people spell in many ways: part numbers, makes, model lines and the words of attributes."""

import re
import unicodedata
from collections.abc import Mapping

_NO_SIGN_OF_A_NUMBER = re.compile(r"[^0-9A-Z]")


def number_key(number: str) -> str:
    """Give the normal form of a part number: upper case, only 0-9 and A-Z (`65443-35761` -> `6544335761`)."""
    narrow = number if number.isascii() else unicodedata.normalize("NFKC", number)
    return _NO_SIGN_OF_A_NUMBER.sub("", narrow.upper())


def plain(text: str) -> str:
    """Give text as it is searched: narrow signs, lower case, single spaces for gaps, `_` and what cannot be printed."""
    narrow = unicodedata.normalize("NFKC", text).lower().replace("_", " ")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in narrow).split())


def singular(word: str) -> str:
    """Give an English word without its plural ending (`pads` -> `pad`, `batteries` -> `battery`)."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def name_key(name: str) -> str:
    """Give the normal form of a name: no case, accents, spaces or signs (`Citroën C3 XR` -> `citroenc3xr`)."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", name).casefold() if sign.isalnum())


def _spellings(table: Mapping[str, str]) -> Mapping[str, str]:
    return {
        name_key(spelling): canonical
        for canonical, others in table.items()
        for spelling in (canonical, *filter(None, others.split("|")))
    }


# Each known spelling of a make, as a key, with the key of the make.
MAKE_SPELLINGS: Mapping[str, str] = _spellings(
    {
        "audi": "奥迪",
        "bmw": "宝马",
        "buick": "别克",
        "byd": "比亚迪",
        "changan": "长安|Chang'an|长安汽车",
        "chery": "奇瑞",
        "chevrolet": "雪佛兰|Chevy",
        "dacia": "达契亚",
        "fiat": "菲亚特",
        "ford": "福特",
        "geely": "吉利",
        "greatwall": "长城|Great Wall|GWM",
        "haval": "哈弗",
        "honda": "本田|广汽本田|东风本田",
        "hyundai": "现代|北京现代",
        "kia": "起亚",
        "mazda": "马自达",
        "mercedesbenz": "奔驰|梅赛德斯-奔驰|Mercedes|Benz",
        "nissan": "日产|东风日产",
        "opel": "欧宝",
        "peugeot": "标致",
        "renault": "雷诺",
        "seat": "西雅特",
        "skoda": "斯柯达",
        "tesla": "特斯拉",
        "toyota": "丰田|广汽丰田|一汽丰田",
        "volkswagen": "大众|VW|上汽大众|一汽-大众",
        "volvo": "沃尔沃",
        "wuling": "五菱",
    }
)

_WORDS: Mapping[str, Mapping[str, str]] = {
    "aspiration": _spellings(
        {
            "naturally_aspirated": "NA|natural|atmospheric|自然吸气",
            "turbocharged": "turbo|turbocharger|T|涡轮增压|涡轮",
            "supercharged": "supercharger|compressor|机械增压",
        }
    ),
    "transmission": _spellings(
        {
            "manual": "MT|手动|手动挡",
            "automatic": "AT|自动|自动挡|手自一体",
            "cvt": "e-CVT|无级变速",
            "dct": "DSG|dual clutch|双离合",
            "single_speed": "single-speed|fixed gear|单速|固定齿比",
        }
    ),
    "drive": _spellings(
        {
            "fwd": "front|front-wheel drive|前驱|前轮驱动",
            "rwd": "rear|rear-wheel drive|后驱|后轮驱动",
            "awd": "4wd|4x4|all|all-wheel drive|四驱|全轮驱动",
        }
    ),
    "body": _spellings(
        {
            "sedan": "saloon|三厢|轿车",
            "hatchback": "hatch|两厢",
            "wagon": "estate|variant|touring|旅行车",
            "suv": "crossover|越野车",
            "mpv": "minivan|van|面包车",
            "pickup": "truck|皮卡",
            "coupe": "跑车",
        }
    ),
    "region": _spellings(
        {"ROW": "rest of world|其他地区", "CN": "China|中国", "EU": "Europe|欧洲", "US": "USA|United States|美国"}
    ),
    "fuel": _spellings(
        {
            "petrol": "gasoline|gas|汽油",
            "diesel": "柴油",
            "hybrid": "HEV|PHEV|混动|混合动力",
            "electric": "EV|BEV|电动|纯电",
        }
    ),
}


def make_key(make: str) -> str:
    """Give the key of a make, whichever of its known names is used (`VW`, `大众` -> `volkswagen`)."""
    key = name_key(make)
    return MAKE_SPELLINGS.get(key, key)


def canonical(attribute: str, value: str) -> str | None:
    """Give the catalogue's word for an attribute's value; None for a word we do not know, which decides nothing."""
    if attribute == "engine_code":
        return number_key(value) or None
    return _WORDS[attribute].get(name_key(value))


def snake_case(name: str) -> str:
    """Give the snake_case name of a piece of equipment (`Stop-Start` -> `stop_start`)."""
    return re.sub(r"[^0-9a-z]+", "_", unicodedata.normalize("NFKC", name).lower()).strip("_")
