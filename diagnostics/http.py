"""The HTTP door of diagnostics: a vehicle's findings."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from diagnostics.faults import FAULTS
from diagnostics.findings import URGENCY_TEXT, Finding
from diagnostics.told import list_findings
from foundation.database import Database
from foundation.http import ActorDependency, problem_responses
from foundation.identity import Actor
from ingest.vehicles import VehicleDirectory


class EvidenceView(BaseModel):
    residual: str = Field(examples=["charging_voltage_idle"])
    value: float = Field(examples=[12.6])
    expected: float = Field(examples=[13.8])
    unit: str = Field(examples=["V"])
    text_en: str = Field(examples=["Charging voltage at idle 12.6 V, this car's own normal 13.8 V"])
    text_zh: str = Field(examples=["怠速充电电压12.6 V，本车平时为13.8 V"])


class FindingView(BaseModel):
    id: str
    vehicle: str
    fault: str = Field(examples=["alternator"])
    fault_en: str = Field(examples=["Alternator"])
    fault_zh: str = Field(examples=["发电机故障"])
    probability: float = Field(examples=[0.97], description="Calibrated, 0..1")
    severity: float = Field(examples=[0.6], description="0 healthy .. 1 the level at which the maker's monitor fails")
    urgency: str = Field(examples=["S1"], description="S0 stop, S1 3 days, S2 14 days, S3 next service")
    urgency_en: str = Field(examples=["Within 3 days"])
    urgency_zh: str = Field(examples=["3天内处理"])
    first_seen: str
    confirmed: str
    evidence: list[EvidenceView]
    predictor: str


class FindingsView(BaseModel):
    items: list[FindingView]


def router(database: Database, current_actor: ActorDependency, vehicles: VehicleDirectory) -> APIRouter:
    """Give the routes of diagnostics."""
    routes = APIRouter(prefix="/v1", tags=["diagnostics"])

    @routes.get(
        "/vehicles/{vehicle}/findings",
        summary="Findings of a vehicle, newest first",
        responses=problem_responses(401, 404),
    )
    def get_findings(vehicle: str, actor: Annotated[Actor, Depends(current_actor)]) -> FindingsView:
        with database.unit() as unit:
            vehicles.get(unit, actor, vehicle)
            return FindingsView(items=[_view(finding) for finding in list_findings(unit, actor, vehicle)])

    return routes


def _view(finding: Finding) -> FindingView:
    fault, (urgency_en, urgency_zh, _) = FAULTS[finding.fault], URGENCY_TEXT[finding.urgency]
    return FindingView.model_validate(
        {
            **finding.to_json(),
            "fault_en": fault.en,
            "fault_zh": fault.zh,
            "urgency_en": urgency_en,
            "urgency_zh": urgency_zh,
        }
    )
