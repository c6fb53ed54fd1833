"""Draft of a sales analysis: techniques, strategies, objections, guidelines and metrics."""

from edge.emulator.providers.engine.drafts.sales.document import (
    KnownGuideline,
    KnownObjection,
    KnownPoint,
    SalesDocument,
)
from edge.emulator.providers.engine.drafts.sales.finding import Finding
from edge.emulator.providers.engine.drafts.sales.guideline import derive_guidelines
from edge.emulator.providers.engine.drafts.sales.metric import (
    grade_clarity,
    grade_engagement,
    grade_objection_handling,
    grade_reactions,
)
from edge.emulator.providers.engine.drafts.sales.objection import Objection
from edge.emulator.providers.engine.drafts.sales.reading import SalesReading
from edge.emulator.providers.engine.drafts.sales.report import render_report
from edge.emulator.providers.engine.schema.draft import Draft

SALES_NAMES = frozenset(
    {
        "analysis",
        "sales_techniques",
        "communication_strategies",
        "objection_handling",
        "voice_agent_guidelines",
        "key_metrics",
    }
)


def draft_sales_answer(reading: SalesReading) -> dict[str, Draft]:
    """Draft every known property; `examples`, `objection` and `response` are verbatim."""
    return {
        "analysis": render_report(reading),
        "sales_techniques": [draft_finding(finding, "name") for finding in reading.techniques],
        "communication_strategies": [
            draft_finding(finding, "type") for finding in reading.strategies
        ],
        "objection_handling": [draft_objection(objection) for objection in reading.objections],
        "voice_agent_guidelines": [
            {"type": each.kind, "description": each.description, "context": each.context}
            for each in derive_guidelines(reading)
        ],
        "key_metrics": {
            "engagement_level": grade_engagement(reading),
            "objection_handling_score": grade_objection_handling(reading),
            "communication_clarity": grade_clarity(reading),
        },
    }


def draft_finding(finding: Finding, name_key: str) -> dict[str, Draft]:
    return {
        name_key: finding.entry.name,
        "description": finding.entry.description,
        "examples": list(finding.examples),
        "effectiveness": grade_reactions(finding.reactions),
    }


def draft_objection(objection: Objection) -> dict[str, Draft]:
    return {
        "objection": objection.text,
        "response": objection.response,
        "examples": list(objection.examples),
        "effectiveness": grade_reactions(objection.reactions),
    }


def summarize_as_document(reading: SalesReading) -> SalesDocument:
    """Convert the findings to the document that other drafts take as input."""
    return SalesDocument(
        tuple(_known_point(finding) for finding in reading.techniques),
        tuple(_known_point(finding) for finding in reading.strategies),
        tuple(
            KnownObjection(each.text, each.response, each.examples) for each in reading.objections
        ),
        tuple(
            KnownGuideline(each.kind == "do", each.description, each.context)
            for each in derive_guidelines(reading)
        ),
    )


def _known_point(finding: Finding) -> KnownPoint:
    entry = finding.entry
    return KnownPoint(entry.name, entry.description, finding.examples, finding.reactions.level)
