"""A client for any OpenAI-compatible server, behind the same port as the engine in this process.

Requests and answers are those of the `openai` client. The tries are ours, because each new one is logged with its
reason: only what is known to pass is tried again, a connection that failed and the answers 408, 429 and 5xx. Everything
else becomes one `OutsideError` that names the address. The key is read from the environment when a request is sent and
is never kept, logged or shown.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from actors.model_port import Engine, Generation, Start, plain_text
from domain import Completion, ModelCard, OutsideError

if TYPE_CHECKING:
    from openai import APIStatusError
    from openai.types import Completion as TextCompletion
    from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

T = TypeVar("T")

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


class OpenAIEndpoint(Engine):
    """Answers prompts through a server. Starting asks the server for its models, so a wrong address shows at once.

    Raises:
        OutsideError: the server does not answer, or has no model of that name.
    """

    def __init__(self, settings: EndpointSettings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        import openai  # takes a second, and most runs have no endpoint

        self._openai = openai
        self._address = settings.base_url.rstrip("/")
        self._client = openai.OpenAI(
            base_url=self._address, api_key="comes with each request", timeout=settings.timeout_seconds, max_retries=0
        )
        self._threads = ThreadPoolExecutor(settings.concurrency, thread_name_prefix="endpoint")
        try:
            self._card = ModelCard(settings.model, "endpoint", self._version())
        except BaseException:
            self.close()
            raise

    def submit(self, generation: Generation) -> Future[Completion]:
        return self._threads.submit(self._answer, generation)

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
        try:
            said = self._asked(lambda headers: self._client.models.with_raw_response.list(extra_headers=headers))
            listed = said.http_response.json()["data"]
        except self._openai.NotFoundError:
            return "unknown"
        except self._openai.APIStatusError as error:
            raise self._refused(error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise OutsideError(f"{self._address}: no list of models; is it an OpenAI server?") from error
        for entry in listed:
            if entry.get("id") == self._settings.model:
                return f"{entry.get('owned_by') or 'unknown'} {entry.get('root') or entry['id']}"
        names = ", ".join(sorted(str(entry.get("id")) for entry in listed)[:5]) or "none"
        raise OutsideError(
            f"{self._settings.base_url}: no model named {self._settings.model!r} (it has: {names}); set model.name"
        )

    def _answer(self, generation: Generation) -> Completion:
        try:
            answer = self._asked(lambda headers: self._create(generation, headers))
            choice = answer.choices[0]
            text = choice.text if isinstance(choice, self._openai.types.CompletionChoice) else choice.message.content
        except self._openai.BadRequestError as error:
            if "context length" in error.response.text:
                return Completion("", 0, 0, "too_long")
            raise self._refused(error) from error
        except self._openai.APIStatusError as error:
            raise self._refused(error) from error
        except (ValueError, AttributeError, IndexError, TypeError) as error:
            raise OutsideError(f"{self._address}: an answer without choices; is it an OpenAI server?") from error
        finish: Literal["stop", "length"] = "length" if choice.finish_reason == "length" else "stop"
        opening = "" if self._settings.chat else generation.prompt.opening
        usage = answer.usage
        if usage is None:
            return Completion(opening + (text or ""), 0, 0, finish)
        return Completion(opening + (text or ""), usage.prompt_tokens or 0, usage.completion_tokens or 0, finish)

    def _create(self, generation: Generation, headers: dict[str, Any]) -> ChatCompletion | TextCompletion:
        prompt, settings = generation.prompt, self._settings
        options: dict[str, Any] = {
            "model": settings.model,
            "max_tokens": generation.max_tokens,
            "temperature": generation.temperature,
            "seed": generation.seed,
            "extra_headers": headers,
        }
        if generation.stop:
            options["stop"] = list(generation.stop)
        if not settings.chat:
            return self._client.completions.create(prompt=plain_text(prompt), **options)
        asked = f"{prompt.user}\n\nBegin your answer with: {prompt.opening}" if prompt.opening else prompt.user
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": asked}]
        if prompt.system:
            messages.insert(0, {"role": "system", "content": prompt.system})
        return self._client.chat.completions.create(messages=messages, **options)

    def _asked(self, request: Callable[[dict[str, Any]], T]) -> T:
        """What the server answers to a request with the key in its headers, after as many tries as it takes."""
        settings = self._settings
        for attempt in range(settings.retries + 1):
            pause = min(settings.pause_seconds * 2**attempt, LONGEST_PAUSE)
            key = os.environ.get(settings.api_key_variable) if settings.api_key_variable else None
            try:
                return request({"Authorization": f"Bearer {key}" if key else self._openai.omit})
            except self._openai.APIConnectionError as error:
                url, cause = error.request.url, error.__cause__ or error
                trouble = f"{type(cause).__name__}: {cause}"
                if url.scheme not in ("http", "https") or attempt == settings.retries:
                    raise OutsideError(f"{url}: no answer ({trouble}); is the server up? (model.base_url)") from error
            except self._openai.APIStatusError as error:
                if error.status_code not in PASSING or attempt == settings.retries:
                    raise
                url, trouble = error.request.url, f"HTTP {error.status_code}"
                asked = error.response.headers.get("retry-after", "")
                pause = min(float(asked), LONGEST_PAUSE) if asked.isdecimal() else pause
            log.warning("%s: %s; try %d of %d in %.1f s", url, trouble, attempt + 2, settings.retries + 1, pause)
            self._sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _refused(self, error: APIStatusError) -> OutsideError:
        said = " ".join(error.response.text.split())[:200]
        hint = ""
        if error.status_code in (401, 403):
            hint = f"; is the key in the environment variable {self._settings.api_key_variable}?"
        return OutsideError(f"{error.request.url}: HTTP {error.status_code}: {said}{hint}")
