"""Answers messages without a model: sentences of the conversation itself, labelled as such.

A prompt is enhanced by what it leaves open: light, weather, composition and style, in words that
depend on the prompt alone.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from workers.local.lexicon import read_scene
from workers.task import ChatTask, Result, Text

MODEL: Final = "local-extractive"
_SENTENCE: Final = re.compile(r"[^.!?\n]+[.!?]?")
_WORD: Final = re.compile(r"\w{3,}", re.UNICODE)
_LABEL: Final = re.compile(r"^[A-Z][\w ]{2,40}:\s+")
_INSTRUCTION: Final = re.compile(
    r"\b(?:you|your|the user|user's|workplace|answer)\b|^(?:stay|speak|keep|begin|remember|never"
    r"|say|build|offer|write|use|do|name|describe|turn|only|one|first|actions|adventure)\b",
    re.IGNORECASE,
)
_MOST_READ: Final = 20_000
_NOTHING: Final = (
    "Nothing in this conversation answers that, and no language model is connected: "
    "this reply is made by rules (local-extractive)."
)
_LIGHT: Final = {
    "day": ("clear daylight", "soft natural light"),
    "dawn": ("gentle morning light", "pale dawn glow"),
    "dusk": ("warm golden-hour light", "long evening shadows"),
    "night": ("moonlit contrast", "deep night tones"),
}
_DETAIL: Final = {
    "sea": ("reflections on the water", "wide horizon"),
    "mountain": ("layered ridges", "atmospheric depth"),
    "forest": ("light between the trees", "dense foliage"),
    "city": ("detailed architecture", "glowing windows"),
    "desert": ("rippled sand", "sweeping dunes"),
    "space": ("distant stars", "drifting nebula"),
    "portrait": ("expressive eyes", "shallow depth of field"),
    "flower": ("delicate petals", "fresh greenery"),
    "animal": ("fine fur texture", "attentive pose"),
    "still_life": ("careful arrangement", "rich surfaces"),
    "abstract": ("flowing forms", "harmonious colours"),
}
_STYLE: Final = ("sharp focus", "balanced composition", "high detail", "natural colours")
_TOKENS_PER_WORD: Final = 1.4


def reply(task: ChatTask) -> Result:
    """Answer the last message, or enhance it as a prompt."""
    asked = next((m["content"] for m in reversed(task.messages) if m["role"] == "user"), "")
    text = enhance(asked, task.max_tokens) if task.enhances else _answer(task, asked)
    return Result(MODEL, text=Text(text, tokens=len(text.split())))


def enhance(prompt: str, max_tokens: int) -> str:
    """Return the prompt with details that it does not name, within a budget of tokens."""
    base = " ".join(prompt.split()).rstrip(".,; ")
    budget = int(max_tokens / _TOKENS_PER_WORD)
    words = base.split()
    if len(words) >= budget:
        return " ".join(words[: max(budget, 1)])
    scene = read_scene(base, 3)
    pick = sha256(base.encode("utf-8", "replace")).digest()
    details = [
        _LIGHT[scene.time][pick[0] % 2],
        *_DETAIL[scene.motif],
        _STYLE[pick[1] % len(_STYLE)],
        _STYLE[(pick[1] + 1) % len(_STYLE)],
    ]
    parts = [base] if base else []
    for detail in dict.fromkeys(details):
        is_new = not set(detail.split()) <= set(base.lower().split())
        if is_new and len(" ".join([*parts, detail]).split()) <= budget:
            parts.append(detail)
    return ", ".join(parts)


def _quotable(message: Mapping[str, str]) -> str:
    """Return what may be quoted: of a system prompt the facts, not what it tells a model to do."""
    if message["role"] != "system":
        return message["content"]
    sentences = (found.strip() for found in _SENTENCE.findall(message["content"]))
    return "\n".join(_LABEL.sub("", each) for each in sentences if not _INSTRUCTION.search(each))


def _answer(task: ChatTask, asked: str) -> str:
    """Return the sentences that share most words with the question, in their order."""
    wanted = set(_WORD.findall(asked.lower()))
    earlier = [_quotable(m) for m in task.messages if m["content"] != asked]
    text = "\n".join(earlier)[-_MOST_READ:]
    sentences = [found.strip() for found in _SENTENCE.findall(text) if found.strip()]
    scores = [len(wanted & set(_WORD.findall(sentence.lower()))) for sentence in sentences]
    best = sorted(range(len(sentences)), key=lambda i: (-scores[i], i))[:3]
    chosen = [sentences[i] for i in sorted(best) if scores[i]]
    words = " ".join(chosen).split()[: max(1, int(task.max_tokens / _TOKENS_PER_WORD))]
    return " ".join(words) if words else _NOTHING
