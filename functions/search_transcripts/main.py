"""Search transcripts by meaning, within the rows that the caller may see.

POST {query, video_id?, collection_id?, owner_id?, limit? ≤ 20, answer?}; video_id is the source's
identifier or the uuid; owner_id only with the secret key, null for videos without owner.
200 {status, data: {result: {results [{video_id, video_uuid, collection_id, title, text, score,
start, end}], answer}, …}}, best first; start and end in seconds, null where there are no times.
With answer: true a model answers from the passages: {text, quotes [{text, video_id, title, start}],
model}; null if they hold no answer, or none whose quotes stand in them, or the model failed.
400 INVALID_BODY · 502/503/504 PROVIDER_… · 503 DATABASE_UNAVAILABLE.
"""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import ForbiddenError
from shared.http import envelope
from shared.http.body import Input
from shared.llm.embeddings import embed
from shared.llm.env import openai_env

from .answer import answer_question
from .passages import Search, find_passages

_QUERY_TOKENS = 1000
Query = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class SearchInput(Input):
    """What is looked for, and where."""

    query: Query
    video_id: Reference | None = None
    collection_id: Reference | None = None
    owner_id: UUID | None = None
    limit: int = Field(default=8, ge=1, le=20)
    answer: bool = False


@endpoint(auth=("user", "secret"), body=SearchInput, error_body=envelope.fail)
async def main(ctx: Context, body: SearchInput) -> dict[str, Any]:
    """Embed the question, compare it with the chunks, answer the best passages."""
    has_owner = "owner_id" in body.model_fields_set
    if has_owner and ctx.auth_mode != "secret":
        raise ForbiddenError("owner_id needs the secret key: users search their own videos.")
    with ctx.stage("embed"):
        vectors = await embed(openai_env(), [body.query], tokens_each=_QUERY_TOKENS)
    search = Search(
        video_id=body.video_id,
        collection_id=body.collection_id,
        owner_id=str(body.owner_id) if body.owner_id else None,
        any_owner=not has_owner,
        model=vectors.model,
        origin=vectors.origin,
        limit=body.limit,
    )
    with ctx.stage("search"):
        passages = await find_passages(ctx, body.query, vectors.vectors[0], search)
    answer = None
    if body.answer and passages:
        with ctx.stage("answer"):
            answer = await answer_question(ctx, body.query, passages)
    return envelope.succeed(ctx, "search_results", {"results": passages, "answer": answer})
