"""Templates: the system prompts for models that enhance prompts or chat, and how one is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from shared.prompts.content import ContentMode

# Either enhancer understands the other's instructions.
_OTHER_ENHANCER: Final = {"qwen_instruct": "qwen_base", "qwen_base": "qwen_instruct"}


class TemplateKey(NamedTuple):
    """What identifies a template; `target_model` is None for chats."""

    target_model: str | None
    enhancer_model: str
    job_type: str
    use_case: str
    content_mode: str


@dataclass(frozen=True, slots=True)
class Template:
    """A row of prompt_templates."""

    id: str
    name: str
    key: TemplateKey
    system_prompt: str
    token_limit: int
    version: int = 1
    metadata: Mapping[str, Any] | None = None


Templates = Mapping[TemplateKey, Template]


def read_template(row: Mapping[str, Any]) -> Template:
    """Read a row of prompt_templates or of the snapshot."""
    key = TemplateKey(
        row["target_model"],
        row["enhancer_model"],
        row["job_type"],
        row["use_case"],
        row["content_mode"],
    )
    return Template(
        id=str(row["id"]),
        name=row["template_name"],
        key=key,
        system_prompt=row["system_prompt"],
        token_limit=row["token_limit"],
        version=row["version"],
        metadata=row["metadata"],
    )


def find_template(templates: Templates, key: TemplateKey) -> Template | None:
    """Return the template of the key, or the closest that may stand for it.

    The other enhancer's template is the first substitute. A prompt for adults may be answered by a
    template that is safe for work, a safe one by none for adults.
    """
    return next((templates[each] for each in _candidates(key) if each in templates), None)


def is_exact(template: Template, key: TemplateKey) -> bool:
    """Return whether the template is the key's own, not a substitute."""
    return template.key == key


def _candidates(key: TemplateKey) -> list[TemplateKey]:
    modes: tuple[ContentMode, ...] = ("nsfw", "sfw") if key.content_mode == "nsfw" else ("sfw",)
    other = _OTHER_ENHANCER.get(key.enhancer_model)
    enhancers = [key.enhancer_model, *([other] if other else [])]
    return [
        key._replace(content_mode=mode, enhancer_model=enhancer)
        for mode in modes
        for enhancer in enhancers
    ]
