"""What Claude is asked for: how a voice agent should sound, lead and answer."""

from pydantic import BaseModel, Field


class VoiceCharacteristics(BaseModel):
    """How it sounds."""

    tone: str
    pace: str
    style: str


class Opening(BaseModel):
    """The first half minute."""

    approach: str
    key_elements: list[str]


class Adaptations(BaseModel):
    """What to listen for."""

    positive_signals: list[str]
    negative_signals: list[str]


class Discovery(BaseModel):
    """Finding out what the other side needs."""

    techniques: list[str]
    adaptations: Adaptations


class Transitions(BaseModel):
    """When to close, and what else to offer."""

    success_indicators: list[str]
    fallback_options: list[str]


class Closing(BaseModel):
    """Coming to an agreement."""

    strategies: list[str]
    transitions: Transitions


class ConversationFramework(BaseModel):
    """How it leads."""

    opening: Opening
    discovery: Discovery
    closing: Closing


class ObjectionResponse(BaseModel):
    """What to say when."""

    trigger: str = Field(description="The objection, as the buyer put it.")
    response: str = Field(description="The answer, as the seller gave it.")
    context: str


class EngagementCue(BaseModel):
    """What to do when the other side shows something."""

    cue: str
    action: str


class ResponsePatterns(BaseModel):
    """What it says."""

    key_phrases: list[str]
    objection_responses: list[ObjectionResponse]
    engagement_cues: list[EngagementCue]


class VoiceDesign(BaseModel):
    """The answer's schema."""

    voice_characteristics: VoiceCharacteristics
    conversation_framework: ConversationFramework
    response_patterns: ResponsePatterns
