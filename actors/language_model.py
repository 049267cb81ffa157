"""The language model: vLLM in this process, or a server, and the Ray actor that shares either.

`LocalEngine` runs vLLM; `OpenAIEndpoint` (in `actors.endpoint`) asks a server; both are plain classes with the port of
`actors.model_port`. `LanguageModelActor` is `SharedModel` (in `actors.batching`) as a Ray actor in front of either.

What it keeps: the answer to a prompt depends on the prompt, its sampling parameters and its seed (up to rounding: a
batch of another shape may round differently, and then a sample may differ too). An engine that cannot start says so in
one line, in the process that asked for it. One live engine per process: vLLM's CPU build breaks the second when the
first is collected. vLLM is imported here only, and only when an engine starts.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import ray
import ray.exceptions

from actors import accounting
from actors.batching import SharedModel
from actors.endpoint import EndpointSettings, OpenAIEndpoint
from actors.model_files import dtype, fingerprint, model_folder
from actors.model_port import Engine, Generation, Start, generations, plain_text
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


ModelSettings = EngineSettings | EndpointSettings


def open_model(settings: ModelSettings) -> Engine:
    """Starts the engine, or reaches the server, that the settings name."""
    return OpenAIEndpoint(settings) if isinstance(settings, EndpointSettings) else LocalEngine(settings)


# ------------------------------------------------------------------------------------------------ vLLM in this process


class LocalEngine:
    """vLLM in this process.

    Raises:
        OutsideError: the model's folder is missing, vLLM is missing or the wrong build, or the engine did not start.
    """

    def __init__(self, settings: EngineSettings) -> None:
        began, cpu = time.monotonic(), accounting.cpu_seconds()
        self._settings = settings
        self._folder = model_folder(settings.path, settings.name)
        _require_memory(self._folder, settings)
        _set_environment(settings)
        self._llm: Any = _start_vllm(self._folder, settings)
        self._tokenizer: Any = self._llm.get_tokenizer()
        self._has_template = settings.chat_template and bool(getattr(self._tokenizer, "chat_template", None))
        self._cpu_at_start = accounting.cpu_seconds()
        self._start = Start(time.monotonic() - began, self._cpu_at_start - cpu)

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, seed: int, stop: Sequence[str] = ()
    ) -> list[Completion]:
        """Answers in the order of the prompts; prompt `i` samples with `seed + i`. Temperature 0 is greedy."""
        return self.run(generations(prompts, max_tokens=max_tokens, temperature=temperature, seed=seed, stop=stop))

    def run(self, batch: Sequence[Generation]) -> list[Completion]:
        """One batch; each prompt with parameters of its own."""
        from vllm import SamplingParams

        encoded = [self.encode(generation.prompt) for generation in batch]
        fits = [index for index, tokens in enumerate(encoded) if len(tokens) < self._settings.context]
        outputs = self._llm.generate(
            [{"prompt_token_ids": encoded[index]} for index in fits],
            [
                SamplingParams(
                    max_tokens=min(batch[index].max_tokens, self._settings.context - len(encoded[index])),
                    temperature=batch[index].temperature,
                    top_p=self._settings.top_p if batch[index].temperature > 0 else 1.0,
                    seed=batch[index].seed,
                    stop=list(batch[index].stop),
                )
                for index in fits
            ],
            use_tqdm=False,
        )
        answers = [Completion("", len(tokens), 0, "too_long") for tokens in encoded]
        for index, output in zip(fits, outputs, strict=True):
            written = output.outputs[0]
            answers[index] = Completion(
                batch[index].prompt.opening + written.text,
                len(encoded[index]),
                len(written.token_ids),
                "length" if written.finish_reason == "length" else "stop",
            )
        return answers

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
        """Frees the engine; only then may this process start another one."""
        if self._llm is not None:
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


# -------------------------------------------------------------------------------------------------------- the actor

LanguageModelActor: Any = ray.remote(max_restarts=1, max_task_retries=1)(SharedModel)


class Starting(NamedTuple):
    """The handle of an actor whose model is on its way."""

    handle: Any
    loaded: Any


def start(settings: ModelSettings) -> Starting:
    """Starts the actor; its model loads while other actors start."""
    if isinstance(settings, EndpointSettings):
        gpus, largest = 0.0, settings.concurrency
    else:
        gpus, largest = settings.gpus, settings.batch
    actor = LanguageModelActor.options(num_cpus=0, num_gpus=gpus)
    handle = actor.remote(partial(open_model, settings), largest=largest)
    return Starting(handle, handle.start.remote())


def wait_for(starting: Starting) -> Any:
    """The handle of an actor, once its model is ready.

    Raises:
        OutsideError: the model did not start; the message is the one line that the actor's process gave.
    """
    try:
        ray.get(starting.loaded)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, OutsideError):
            raise OutsideError(str(error.cause)) from None
        raise
    except ray.exceptions.RayActorError as error:
        why = " ".join(str(error).split())[:200]
        raise OutsideError(f"the model did not start: its process died, perhaps for want of memory: {why}") from error
    return starting.handle
