"""The language model as vLLM in this process.

Requests join a running batch between two steps of the engine and leave it when they are answered. vLLM's asynchronous
engine does the same with a second process. Here one is enough: it dies with its actor, it has our architecture
registered, and the seconds that it spends are those of the actor.

What it keeps: the answer to a prompt depends on the prompt, its sampling parameters and its seed (up to rounding: a
batch of another shape may round differently, and then a sample may differ too). An engine that cannot start says so in
one line, in the process that asked for it. One live engine per process: vLLM's CPU build breaks the second when the
first is collected. vLLM is imported here only, and only when an engine starts.
"""

from __future__ import annotations

import gc
import importlib.util
import itertools
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import psutil

from actors import accounting
from actors.model_files import dtype, fingerprint, model_folder
from actors.model_port import Engine, Generation, Start, plain_text
from domain import Completion, ModelCard, OutsideError, Prompt
from models import DEFAULT_MODEL

GIB = 2**30


@dataclass(frozen=True, slots=True)
class EngineSettings:
    path: Path | None = None
    """Folder of a Hugging Face model; None is one of our own (`models.model_path`)."""
    name: str = DEFAULT_MODEL
    """Which of our own."""
    threads: int = 1
    """OpenMP threads of the CPU engine; more than the free cores makes it much slower."""
    gpus: float = 0.0
    """GPUs; 0 runs vLLM's CPU build, more than 1 splits the model over them."""
    gpu_memory_fraction: float = 0.85
    """Share of a GPU's memory that the engine takes."""
    dtype: str = "auto"
    """Number type of weights and arithmetic; `auto` is that of the weights."""
    context: int = 2048
    """Longest prompt plus output, in tokens."""
    kv_cache_gib: int = 1
    """Memory for the CPU engine's key-value cache, in GiB."""
    batch: int = 16
    """Sequences decoded at once."""
    eager: bool = True
    """Whether to skip compilation: quicker to start and needs no C++ compiler, slower per token."""
    chat_template: bool = True
    """Whether to use the tokenizer's chat template if it has one; otherwise prompts are plain text."""
    top_p: float = 1.0
    """Nucleus sampling: the likeliest tokens with this share of the probability."""


class _Asked(NamedTuple):
    """A request on its way to the engine."""

    generation: Generation
    answer: Future[Completion]


class _Begun(NamedTuple):
    """A request that the engine is at."""

    answer: Future[Completion]
    opening: str
    tokens_in: int


class LocalEngine(Engine):
    """vLLM in this process, in a thread of its own.

    Raises:
        OutsideError: the model's folder is missing, vLLM is missing or the wrong build, or the engine did not start.
    """

    def __init__(self, settings: EngineSettings) -> None:
        began, cpu = time.monotonic(), accounting.cpu_seconds()
        self._settings = settings
        self._folder = model_folder(settings.path, settings.name)
        _require_memory(self._folder, settings)
        _set_environment(settings)
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._door = threading.Lock()
        """Held where somebody is let in, so that nobody is let in behind the last look."""
        self._ended: Exception | None = None
        """Why nobody is let in any more."""
        self._numbers = itertools.count()
        started: Future[Any] = Future()
        self._thread = threading.Thread(target=self._serve, args=(started,), name="vllm", daemon=True)
        self._thread.start()
        self._llm: Any = started.result()
        self._tokenizer: Any = self._llm.get_tokenizer()
        self._has_template = settings.chat_template and bool(getattr(self._tokenizer, "chat_template", None))
        self._cpu_at_start = accounting.cpu_seconds()
        self._start = Start(time.monotonic() - began, self._cpu_at_start - cpu)

    def submit(self, generation: Generation) -> Future[Completion]:
        asked = _Asked(generation, Future())
        with self._door:
            if self._ended is not None:
                raise self._ended
            self._asked.put(asked)
        return asked.answer

    def _serve(self, started: Future[Any]) -> None:
        """Starts the engine and works until it is closed or fails. Then nobody waits for an answer any more."""
        try:
            llm = _start_vllm(self._folder, self._settings)
        except BaseException as error:  # noqa: BLE001 - raised where the engine was asked for
            started.set_exception(error)
            return
        started.set_result(llm)
        under_way: dict[str, _Begun] = {}
        why: Exception = OutsideError("the model was closed")
        try:
            while self._take(llm.llm_engine, under_way):
                self._step(llm.llm_engine, under_way)
        except Exception as error:  # noqa: BLE001 - the callers see it as if they had run the engine
            why = error
        with self._door:
            self._ended = why
        for begun in under_way.values():
            begun.answer.set_exception(why)
        while not self._asked.empty():
            if (late := self._asked.get()) is not None:
                late.answer.set_exception(why)

    def _take(self, engine: Any, under_way: dict[str, _Begun]) -> bool:
        """Lets in all who wait, or the first to come if nothing is under way; False once the engine is to close."""
        while not under_way or not self._asked.empty():
            asked = self._asked.get()
            if asked is None:
                return False
            if not asked.answer.set_running_or_notify_cancel():
                continue
            try:
                tokens = self.encode(asked.generation.prompt)
                if len(tokens) >= self._settings.context:
                    asked.answer.set_result(Completion("", len(tokens), 0, "too_long"))
                    continue
                name = str(next(self._numbers))
                engine.add_request(name, {"prompt_token_ids": tokens}, self._sampling(asked.generation, tokens))
            except Exception as error:  # noqa: BLE001 - it is this one's, and nobody else's
                asked.answer.set_exception(error)
            else:
                under_way[name] = _Begun(asked.answer, asked.generation.prompt.opening, len(tokens))
        return True

    def _step(self, engine: Any, under_way: dict[str, _Begun]) -> None:
        """One token for each that is under way; who has the last one leaves."""
        for output in engine.step():
            if output.finished:
                begun, written = under_way.pop(output.request_id), output.outputs[0]
                finish = "length" if written.finish_reason == "length" else "stop"
                text = begun.opening + written.text
                begun.answer.set_result(Completion(text, begun.tokens_in, len(written.token_ids), finish))

    def _sampling(self, generation: Generation, tokens: Sequence[int]) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        return SamplingParams(
            max_tokens=min(generation.max_tokens, self._settings.context - len(tokens)),
            temperature=generation.temperature,
            top_p=self._settings.top_p if generation.temperature > 0 else 1.0,
            seed=generation.seed,
            stop=list(generation.stop),
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def encode(self, prompt: Prompt) -> list[int]:
        """The tokens that the model reads for a prompt, its opening included."""
        if not self._has_template:
            return list(self._tokenizer.encode(plain_text(prompt)))
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        text = self._tokenizer.apply_chat_template(
            [*system, {"role": "user", "content": prompt.user}], tokenize=False, add_generation_prompt=True
        )
        return list(self._tokenizer.encode(text + prompt.opening, add_special_tokens=False))

    def describe(self) -> ModelCard:
        import vllm

        return ModelCard(self._folder.name, "vllm", f"vllm {vllm.__version__}, weights {fingerprint(self._folder)}")

    def start_cost(self) -> Start:
        return self._start

    def cpu_seconds(self) -> float:
        return accounting.cpu_seconds() - self._cpu_at_start

    def close(self) -> None:
        """Frees the engine; only then may this process start another one. Who still waits gets an `OutsideError`."""
        if self._llm is not None:
            self._asked.put(None)
            self._thread.join()
            self._llm.llm_engine.engine_core.shutdown()
            self._llm = None
            gc.collect()


def _require_memory(folder: Path, settings: EngineSettings) -> None:
    """Refuses a start that the machine's free memory cannot hold: the kernel would kill the process without a word."""
    if settings.gpus:
        return
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    needed, free = weights + settings.kv_cache_gib * GIB, psutil.virtual_memory().available
    if needed > free:
        raise OutsideError(
            f"the model did not start: {folder.name} needs {needed / GIB:.1f} GiB ({settings.kv_cache_gib} of them "
            f"key-value cache), {free / GIB:.1f} GiB are free; lower model.kv_cache_gib or take a smaller model"
        )


def _set_environment(settings: EngineSettings) -> None:
    """vLLM and OpenMP read these when they are imported."""
    if not settings.gpus:
        os.environ["VLLM_CPU_KVCACHE_SPACE"] = str(settings.kv_cache_gib)
        os.environ["OMP_NUM_THREADS"] = str(settings.threads)
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    os.environ["HF_HUB_OFFLINE"] = "1"
    for name, value in (
        ("VLLM_NO_USAGE_STATS", "1"),
        ("VLLM_LOGGING_LEVEL", "ERROR"),
        ("TOKENIZERS_PARALLELISM", "false"),
    ):
        os.environ.setdefault(name, value)


def _start_vllm(folder: Path, settings: EngineSettings) -> Any:
    if importlib.util.find_spec("vllm") is None:
        raise OutsideError(
            "the model did not start: vLLM is not installed; run `make setup`, or set model.kind to none"
        )
    try:
        from vllm import LLM
        from vllm.platforms import current_platform

        from models.memoryformer.vllm_plugin import register

        if bool(settings.gpus) == current_platform.is_cpu():
            build, other = ("CPU", "0") if settings.gpus else ("GPU", "1 or more")
            raise OutsideError(f"the model did not start: vLLM here is the {build} build; set model.gpus to {other}")
        options: dict[str, Any] = {"dtype": dtype(folder, settings.dtype)}
        if settings.gpus:
            options["gpu_memory_utilization"] = settings.gpu_memory_fraction
        register()
        return LLM(
            model=str(folder),
            max_model_len=settings.context,
            max_num_seqs=settings.batch,
            enforce_eager=settings.eager,
            tensor_parallel_size=max(1, int(settings.gpus)),
            **options,
        )
    except OutsideError:
        raise
    except Exception as error:  # whatever vLLM, torch or transformers raise at start has one meaning for the user
        raise OutsideError(f"the model did not start: {folder}: {_why(error)}") from error


def _why(error: BaseException) -> str:
    """One line: the innermost cause, with how to mend what is known."""
    while error.__cause__ is not None:
        error = error.__cause__
    said = " ".join(str(error).split())
    mend = next((mend for sign, mend in _KNOWN.items() if sign in said), "")
    if not mend and isinstance(error, MemoryError):
        mend = _KNOWN["memory"]
    return f"{type(error).__name__}: {said[:200]}{mend}"


_KNOWN = {
    "init_cpu_memory_env": "; install libnuma (Debian: apt-get install libnuma1)",
    "max_model_len": "; lower model.context",
    "max seq len": "; lower model.context or raise model.kv_cache_gib",
    "memory": "; lower model.kv_cache_gib or model.context, or take a smaller model",
}
