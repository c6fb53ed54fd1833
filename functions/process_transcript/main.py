"""Store a transcript with its chunks and their embeddings, ready for analysis.

POST {collection_id, video_id, transcript, metadata?}; `video_id` is the source's own identifier.
200 {status, data: {result: {video_uuid, transcript_id, chunk_count, token_count, embedding_model,
reused}, …}}. The same text again is answered from what is stored; a changed one, or one embedded by
another model or provider, replaces it.
{collection_id, video_id} is unique across owners: 409 VIDEO_TAKEN means that another user
uses the name, so names should not be secrets.
400 INVALID_BODY · 409 VIDEO_TAKEN · 413 TRANSCRIPT_TOO_LONG · 502/503/504 PROVIDER_… · 503
DATABASE_UNAVAILABLE.
"""

import asyncio
from typing import Annotated, Any

from pydantic import Field, JsonValue, StringConstraints, field_validator

from shared.context import Context
from shared.endpoint import endpoint
from shared.http import envelope
from shared.http.body import Input
from shared.llm.embeddings import embed
from shared.llm.env import openai_env

from .chunking import MAX_TOKENS, split_transcript
from .storage import Source, Stored, Transcript, fetch_stored, store
from .transcript import check_chunks, check_length, content_hash

Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]


class TranscriptInput(Input):
    """A transcript and where it comes from."""

    collection_id: Identifier
    video_id: Identifier
    transcript: str
    metadata: dict[str, JsonValue] = Field(default_factory=dict)

    @field_validator("transcript")
    @classmethod
    def _has_words(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("the transcript is empty")
        return text


@endpoint(auth=("user", "secret"), body=TranscriptInput, error_body=envelope.fail)
async def main(ctx: Context, body: TranscriptInput) -> dict[str, Any]:
    """Look it up; only a text that is not stored yet is worked on."""
    ctx.note(output_type="transcript", collection_id=body.collection_id)
    check_length(body.transcript)
    source = Source(body.collection_id, body.video_id, body.metadata)
    digest = content_hash(body.transcript, openai_env())
    with ctx.stage("look_up"):
        stored = await fetch_stored(ctx, source, digest)
    if stored is None:
        stored = await _process(ctx, source, body.transcript, digest)
    ctx.note(video_id=stored.video_uuid)
    return envelope.succeed(ctx, "transcript", stored.render())


async def _process(ctx: Context, source: Source, text: str, digest: str) -> Stored:
    with ctx.stage("split"):
        chunks = await asyncio.to_thread(split_transcript, text)
        check_chunks(chunks)
    with ctx.stage("embed"):
        texts = [chunk.text for chunk in chunks]
        embeddings = await embed(openai_env(), texts, tokens_each=MAX_TOKENS)
    with ctx.stage("store"):
        return await store(ctx, source, Transcript(text, digest, chunks, embeddings))
