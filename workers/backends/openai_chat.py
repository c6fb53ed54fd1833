"""The back-end `openai-chat`: OpenAI, Ollama, llama.cpp, vLLM and other chat completions.

See https://platform.openai.com/docs/api-reference/chat.
"""

from typing import Any

from workers.backends.blocking import BlockingBackend
from workers.backends.http import Api
from workers.backends.untyped import names, table
from workers.errors import BadTaskError, ProviderError
from workers.task import ImageTask, Result, Task, Text


class OpenAIChat(BlockingBackend):
    """Answers messages by a model."""

    kind = "openai-chat"

    def __init__(self, api: Api, model: str) -> None:
        super().__init__(api)
        self._model = model

    async def make(self, task: Task) -> Result:
        if isinstance(task, ImageTask):
            raise BadTaskError("openai-chat does not draw.")
        body = {
            "model": task.model or self._model,
            "messages": list(task.messages),
            "max_tokens": task.max_tokens,
            "temperature": task.temperature,
            "top_p": task.top_p,
        }
        answer = await self.api.call("POST", "/chat/completions", json=body)
        try:
            choice: Any = answer["choices"][0]
            text = choice["message"]["content"]
        except (KeyError, IndexError, TypeError) as exc:
            raise ProviderError("The provider's answer has no message.") from exc
        if not isinstance(text, str) or not text.strip():
            raise ProviderError("The model answers with an empty message.")
        tokens = table(answer.get("usage")).get("completion_tokens")
        count = tokens if isinstance(tokens, int) else 0
        model = str(answer.get("model") or body["model"])
        reason = str(choice.get("finish_reason") or "stop")
        return Result(model, text=Text(text.strip(), count, reason))

    async def list_models(self) -> tuple[str, ...]:
        answer = await self.api.call("GET", "/models")
        return names(answer.get("data"), "id")
