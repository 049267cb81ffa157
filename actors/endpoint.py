"""A client for any OpenAI-compatible server, behind the same port as the engine in this process.

Only what is known to pass is tried again: a connection that failed, and the answers 408, 429 and 5xx. Each new try is
logged. Everything else becomes one `OutsideError` that names the address. The key is read from the environment when a
request is sent and is never kept, logged or shown.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from actors.model_port import Generation, Start, generations, plain_text
from domain import Completion, ModelCard, OutsideError, Prompt

log = logging.getLogger(__name__)

PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP answers after which the same request may succeed."""

LONGEST_PAUSE = 30.0
"""Seconds between two tries, at most."""


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    base_url: str
    """Address up to and including `/v1`."""
    model: str
    """The model's name at that server."""
    api_key_variable: str = "OPENAI_API_KEY"
    """Environment variable with the key; when it is unset, no key is sent."""
    chat: bool = True
    """Whether to use `/chat/completions`; otherwise `/completions` with the prompt as plain text."""
    concurrency: int = 8
    """Requests under way at once."""
    timeout_seconds: float = 120.0
    """Wall-clock limit of one try."""
    retries: int = 4
    """Further tries after the first."""
    pause_seconds: float = 0.5
    """Pause before the second try; it doubles with each further one."""


class OpenAIEndpoint:
    """Answers prompts through a server. Starting asks the server for its models, so a wrong address shows at once.

    Raises:
        OutsideError: the server does not answer, or has no model of that name.
    """

    def __init__(self, settings: EndpointSettings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        self._client = httpx.Client(
            timeout=settings.timeout_seconds, limits=httpx.Limits(max_connections=settings.concurrency)
        )
        self._threads = ThreadPoolExecutor(settings.concurrency, thread_name_prefix="endpoint")
        try:
            self._card = ModelCard(settings.model, "endpoint", self._version())
        except BaseException:
            self.close()
            raise

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, seed: int, stop: Sequence[str] = ()
    ) -> list[Completion]:
        """Answers in the order of the prompts."""
        return self.run(generations(prompts, max_tokens=max_tokens, temperature=temperature, seed=seed, stop=stop))

    def run(self, batch: Sequence[Generation]) -> list[Completion]:
        return list(self._threads.map(self._answer, batch))

    def describe(self) -> ModelCard:
        return self._card

    def start_cost(self) -> Start:
        return Start(0.0, 0.0)

    def cpu_seconds(self) -> float:
        """The model's CPU time is spent at the server and not known here: 0."""
        return 0.0

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._client.close()

    def _version(self) -> str:
        """What the server says of the model; a server without a list of models (404) is taken at its word."""
        response = self._send("GET", "/models", None)
        if response.status_code == 404:
            return "unknown"
        listed = _json(self._checked(response), self._settings).get("data", [])
        for entry in listed:
            if entry.get("id") == self._settings.model:
                return f"{entry.get('owned_by') or 'unknown'} {entry.get('root') or entry['id']}"
        names = ", ".join(sorted(str(entry.get("id")) for entry in listed)[:5]) or "none"
        raise OutsideError(
            f"{self._settings.base_url}: no model named {self._settings.model!r} (it has: {names}); set model.name"
        )

    def _answer(self, generation: Generation) -> Completion:
        prompt, settings = generation.prompt, self._settings
        body: dict[str, Any] = {
            "model": settings.model,
            "max_tokens": generation.max_tokens,
            "temperature": generation.temperature,
            "seed": generation.seed,
        }
        if generation.stop:
            body["stop"] = list(generation.stop)
        if settings.chat:
            asked = f"{prompt.user}\n\nBegin your answer with: {prompt.opening}" if prompt.opening else prompt.user
            system = [{"role": "system", "content": prompt.system}] if prompt.system else []
            body["messages"] = [*system, {"role": "user", "content": asked}]
            response = self._send("POST", "/chat/completions", body)
        else:
            body["prompt"] = plain_text(prompt)
            response = self._send("POST", "/completions", body)
        if response.status_code == 400 and "context length" in response.text:
            return Completion("", 0, 0, "too_long")
        answer = _json(self._checked(response), settings)
        try:
            choice, usage = answer["choices"][0], answer.get("usage") or {}
            written = choice["message"]["content"] if settings.chat else choice["text"]
            finish: Literal["stop", "length"] = "length" if choice.get("finish_reason") == "length" else "stop"
        except (KeyError, IndexError, TypeError) as error:
            raise OutsideError(f"{settings.base_url}: an answer without choices; is it an OpenAI server?") from error
        text = written or ""
        return Completion(
            text if settings.chat else prompt.opening + text,
            int(usage.get("prompt_tokens") or 0),
            int(usage.get("completion_tokens") or 0),
            finish,
        )

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        settings = self._settings
        url = settings.base_url.rstrip("/") + path
        key = os.environ.get(settings.api_key_variable) if settings.api_key_variable else None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        for attempt in range(settings.retries + 1):
            pause = min(settings.pause_seconds * 2**attempt, LONGEST_PAUSE)
            try:
                response = self._client.request(method, url, json=body, headers=headers)
            except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                trouble = f"{type(error).__name__}: {error}"
                if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)) or attempt == settings.retries:
                    raise OutsideError(f"{url}: no answer ({trouble}); is the server up? (model.base_url)") from error
            else:
                if response.status_code not in PASSING or attempt == settings.retries:
                    return response
                trouble = f"HTTP {response.status_code}"
                pause = _asked_pause(response, pause)
            log.warning("%s: %s; try %d of %d in %.1f s", url, trouble, attempt + 2, settings.retries + 1, pause)
            self._sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        said = " ".join(response.text.split())[:200]
        hint = ""
        if response.status_code in (401, 403):
            hint = f"; is the key in the environment variable {self._settings.api_key_variable}?"
        raise OutsideError(f"{response.request.url}: HTTP {response.status_code}: {said}{hint}")


def _asked_pause(response: httpx.Response, otherwise: float) -> float:
    asked = response.headers.get("retry-after", "")
    return min(float(asked), LONGEST_PAUSE) if asked.isdecimal() else otherwise


def _json(response: httpx.Response, settings: EndpointSettings) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError as error:
        raise OutsideError(f"{settings.base_url}: the answer is not JSON; is it an OpenAI server?") from error
    if not isinstance(answer, dict):
        raise OutsideError(f"{settings.base_url}: the answer is not a JSON object; is it an OpenAI server?")
    return answer
