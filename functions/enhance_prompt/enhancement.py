"""Enhances a prompt: by a worker, else a model, else by rules; and says truly by which."""

import re
from dataclasses import dataclass
from typing import Final

from shared.context import Context
from shared.errors import UnavailableError, UpstreamError
from shared.monitoring.counts import Record
from shared.prompts.rules import RULES_MODEL, enhance_by_rules
from shared.prompts.store import get_templates
from shared.prompts.template import Template, find_template, is_exact
from shared.prompts.text_model import ask_model, has_model
from shared.prompts.text_worker import TextAnswer, TextRequest, ask_workers
from shared.prompts.tokens import LEAST_TOKENS, TOKEN_LIMITS, shorten

from .request import EnhanceInput

_WORKER_SECONDS: Final = 20.0
_ANSWER_TOKENS: Final = 200
_LEAST_ANSWER: Final = 50
_LABEL: Final = re.compile(r"^\s*(?:enhanced |final |sdxl |wan )?prompt\s*:\s*", re.IGNORECASE)
_QUOTES: Final = "\"'`“”«»「」"


@dataclass(frozen=True, slots=True)
class Enhancement:
    """An enhanced prompt, and how it came about.

    Levels: 0 the exact template from the cache; 1 read from the database, or a substitute; 2 rules;
    3 the prompt as it was.
    """

    text: str
    strategy: str
    level: int
    model: str = "none"
    template: Template | None = None
    source: str = "none"
    is_cut: bool = False
    built_in: str | None = None

    @property
    def template_name(self) -> str | None:
        return self.template.name if self.template else self.built_in

    @property
    def is_hit(self) -> bool:
        return self.template is not None and self.source not in {"none", "database"}


async def enhance(ctx: Context, body: EnhanceInput, record: Record) -> Enhancement:
    """Enhance the prompt within the target model's limit."""
    template, level, source = await _find(ctx, body, record)
    limit = max(_limit(template, body) - body.reserved_tokens(), LEAST_TOKENS)
    if template is not None and body.enhancer != "none":
        answer = await _ask(ctx, template, body)
        if answer is not None:
            cut = shorten(_clean(answer.text), limit)
            if cut.text:
                strategy = f"template_{answer.origin}"
                return Enhancement(
                    cut.text, strategy, level, answer.model, template, source, cut.is_cut
                )
    return _by_rules(body, limit, template, source)


async def _find(
    ctx: Context, body: EnhanceInput, record: Record
) -> tuple[Template | None, int, str]:
    """Return the template, its fallback level and where it came from."""
    try:
        cached = await get_templates(ctx)
    except UnavailableError:
        record.cache_hit = False
        return None, 2, "none"
    key = body.key()
    template = find_template(cached.snapshot.templates, key)
    record.cache_hit = cached.is_hit and template is not None
    if template is None:
        return None, 2, cached.source
    return template, 0 if cached.is_hit and is_exact(template, key) else 1, cached.source


def _limit(template: Template | None, body: EnhanceInput) -> int:
    limit = TOKEN_LIMITS[body.target_model]
    return min(template.token_limit, limit) if template is not None else limit


async def _ask(ctx: Context, template: Template, body: EnhanceInput) -> TextAnswer | None:
    """Ask a worker, then a model; None if neither can answer."""
    request = TextRequest(
        messages=(
            {"role": "system", "content": template.system_prompt},
            {"role": "user", "content": body.prompt},
        ),
        max_tokens=max(_ANSWER_TOKENS - body.reserved_tokens(), _LEAST_ANSWER),
        sfw=body.content_mode == "sfw",
        seconds=_WORKER_SECONDS,
        extra={"model": body.enhancer, "target_model": body.target_model},
    )
    try:
        with ctx.stage("worker"):
            return await ask_workers(ctx, "/enhance", request)
    except UpstreamError as exc:
        ctx.note(worker=exc.code)
    if not has_model(ctx):
        return None
    try:
        with ctx.stage("model"):
            return await ask_model(request)
    except UpstreamError as exc:
        ctx.note(model=exc.code)
        return None


def _by_rules(
    body: EnhanceInput, limit: int, template: Template | None, source: str
) -> Enhancement:
    whole = enhance_by_rules(body.prompt, body.target_model, limit)
    cut = shorten(whole, limit)
    if body.enhancer == "none" or cut.text == " ".join(body.prompt.split()):
        cut = shorten(body.prompt, limit)
        strategy = "none" if body.enhancer == "none" else "error_fallback"
        return Enhancement(cut.text, strategy, 3, "none", template, source, cut.is_cut)
    return Enhancement(cut.text, "rule_based", 2, RULES_MODEL, template, source, cut.is_cut)


def _clean(text: str) -> str:
    """Return the prompt without what models put around it."""
    paragraph = next((part for part in re.split(r"\n\s*\n", text) if part.strip()), "")
    unlabelled = _LABEL.sub("", " ".join(paragraph.split()))
    return unlabelled.strip().strip(_QUOTES).strip()


def keep(text: str, strategy: str, template_name: str, limit: int) -> Enhancement:
    """Return a text that needs no model, within the limit."""
    cut = shorten(text, limit)
    return Enhancement(cut.text, strategy, 0, built_in=template_name, is_cut=cut.is_cut)
