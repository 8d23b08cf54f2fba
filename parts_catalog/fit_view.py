"""What is shown of a fit answer: its verdict in words, where and how many, and the parts that may stand in."""

from datetime import date

from pydantic import BaseModel, Field

from parts_catalog.parts import FitAnswer, FitVerdict, Related, Relation
from parts_catalog.words import POSITIONS, answer_words, related_words


class RelatedPart(BaseModel):
    """A part that took this one's place, that it replaced, or that serves as well; it says nothing of a car."""

    relation: Relation = Field(examples=["replaced_by"])
    of: str = Field(examples=["part_3f0c"], description="The part that this hop starts from")
    id: str = Field(examples=["part_9b1d"])
    brand: str = Field(examples=["Velmora"])
    number: str = Field(examples=["66717-88090"])
    since: date | None = Field(examples=["2026-03-01"], description="The day from which it counts; null: always")
    two_way: bool = Field(description="Whether either may be fitted for the other")
    available: int = Field(examples=[12], description="Pieces in stock over all locations")
    text_en: str = Field(examples=["Replaced by Velmora 66717-88090 since 2026-03-01, 12 in stock."])
    text_zh: str = Field(examples=["自2026-03-01起由Velmora 66717-88090替代，库存12件。"])


class FitOfPart(BaseModel):
    """Whether a part fits the car, as a verdict and in words."""

    verdict: FitVerdict = Field(examples=["fits_if"])
    text_en: str = Field(examples=["Fits your car on condition: with air conditioning."])
    text_zh: str = Field(examples=["符合以下条件时适合您的车：带空调。"])
    quantity: int = Field(examples=[1], description="Pieces that the car takes at this position; 0: none known")
    position: str | None = Field(examples=["front"])
    position_en: str | None = Field(examples=["front"])
    position_zh: str | None = Field(examples=["前"])
    conditions_en: list[str] = Field(examples=[["with air conditioning"]])
    conditions_zh: list[str] = Field(examples=[["带空调"]])
    question: str | None = Field(examples=["air_conditioning"], description="What to tell of the car to settle it")
    choices: list[str] = Field(examples=[["CZDA", "DLSA"]], description="Answers that the catalogue tells apart")
    ambiguous: bool = Field(description="The brand names several parts or quantities, and nothing known decides")
    related: list[RelatedPart] = Field(description="Filled by /v1/fitment and for one part, not in searches")
    source: str = Field(examples=["forecourt seed catalogue, line 1234"], description="The catalogue's line")


def fit_view(answer: FitAnswer) -> FitOfPart:
    """Show an answer."""
    en, zh = answer_words(answer)
    place_en, place_zh = POSITIONS.get(answer.position or "", (answer.position, answer.position))
    return FitOfPart(
        verdict=answer.verdict,
        text_en=en,
        text_zh=zh,
        quantity=answer.quantity,
        position=answer.position,
        position_en=place_en,
        position_zh=place_zh,
        conditions_en=list(answer.conditions_en),
        conditions_zh=list(answer.conditions_zh),
        question=answer.question,
        choices=list(answer.choices),
        ambiguous=answer.ambiguous,
        related=[_related_view(one) for one in answer.related],
        source=answer.source,
    )


def _related_view(related: Related) -> RelatedPart:
    en, zh = related_words(related)
    return RelatedPart(
        relation=related.relation,
        of=related.of,
        id=related.part.id,
        brand=related.part.brand,
        number=related.part.number,
        since=related.since,
        two_way=related.two_way,
        available=related.available,
        text_en=en,
        text_zh=zh,
    )
