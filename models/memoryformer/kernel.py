"""Chooses the fused memory layer by where its input lies: `kernel.cpp` for CPUs, `triton_kernel.py` for GPUs.

Invariant: what cannot be compiled, or is not served, is answered with None, and the caller computes the reference.

Either is loaded at its first use. `kernel.cpp` is compiled here, which takes some twenty seconds of a processor and
needs a C++20 compiler (`c++`, or what `CXX` says) and the headers of Python and torch. The result is kept in
`$XDG_CACHE_HOME/lemmary` (by default `~/.cache/lemmary`) under a digest of the source, the flags and the versions of
Python and torch. It is compiled for the vector instructions that torch found on this machine
(`torch.backends.cpu.get_cpu_capability`): machines of two kinds that share a folder have a file each.

The kernel for CPUs is a function of Python, not an operator of torch: from Python, calling an operator takes 1.8 µs
longer than calling a function (0.5 µs), and a whole layer of width 512 takes less than 10.
"""

import hashlib
import importlib.util
import logging
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

log = logging.getLogger(__name__)

SOURCE = Path(__file__).with_name("kernel.cpp")

VECTORS = {
    "AVX512": ("-march=x86-64-v4", "-mprefer-vector-width=512"),
    "AVX2": ("-march=x86-64-v3",),
}
"""What torch found → the compiler's flags for it; for anything else, those of the platform's least processor."""

FLAGS = ("-std=c++20", "-O3", "-fopenmp", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC", "-w")

SERVED = (torch.float32, torch.bfloat16, torch.float16)
"""Types of input that the kernel serves."""

Fused = Callable[..., tuple[Tensor, ...] | None]


def fused(
    x: Tensor, bits: int, official: bool, temperature: float, *memories: Tensor | None
) -> tuple[Tensor, ...] | None:
    """Several memory layers that read one input, or None where the kernel does not serve them.

    Served is: plain tensors on the CPU or one GPU, no gradient wanted, no dispatch mode active; tables and bias
    contiguous.

    Args:
        x: (…, K · τ) float32, bfloat16 or float16.
        bits: τ; 0 for a linear layer, K entries that weight one row each (on the CPU).
        official: whether the score is `official`, not `paper`.
        temperature: t, above 0.
        memories: for each layer its tables (K · 2^τ, d_out) of the type of `x`, or int8, or of half precision under a
            float32 `x`; its bias (d_out) of the type of `x`; and for int8 tables the scales (K · 2^τ) float16 of their
            rows, else None.

    Returns:
        (…, d_out) of the type of `x` for each layer, with the bias.
    """
    call = choice.gpu if x.is_cuda else choice.cpu
    return call(x, bits, official, temperature, *memories)


@contextmanager
def reference_only() -> Generator[None]:
    """While this lasts, `fused` serves nothing, in all threads."""
    before = choice.cpu, choice.gpu
    choice.cpu = choice.gpu = _serve_nothing
    try:
        yield
    finally:
        choice.cpu, choice.gpu = before


def _serve_nothing(*_: Any) -> None:
    return None


def _serve_after_loading(x: Tensor, *rest: Any) -> tuple[Tensor, ...] | None:
    """The first call that the kernel may serve loads it."""
    if x.device.type != "cpu" or x.dtype not in SERVED or torch.is_grad_enabled():
        return None
    try:
        choice.cpu = load()
    except (OSError, ImportError, RuntimeError, ValueError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        log.warning(
            "the memory layer's kernel cannot be compiled, the slower reference computes: %s", _first_error(said)
        )
        choice.cpu = _serve_nothing
    return choice.cpu(x, *rest)


def _serve_on_gpu(x: Tensor, *rest: Any) -> tuple[Tensor, ...] | None:
    """Triton compiles for each combination of types when it meets it, so any call may find that it cannot."""
    try:
        from . import triton_kernel

        return triton_kernel.fused(x, *rest)
    except torch.OutOfMemoryError:
        raise
    except (OSError, ImportError, RuntimeError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        log.warning(
            "the memory layer's kernel for GPUs cannot be used, the slower reference computes: %s", _first_error(said)
        )
        choice.gpu = _serve_nothing
    return None


@dataclass
class Choice:
    """Which functions compute; tests put their own in their place."""

    cpu: Fused
    gpu: Fused


choice = Choice(_serve_after_loading, _serve_on_gpu)
"""What `fused` calls."""


def load(capability: str | None = None) -> Fused:
    """The kernel for these vector instructions (default: those of this machine), compiled if it was not yet.

    Raises:
        OSError: there is no compiler, or no place for what it makes.
        RuntimeError: nobody knows the home directory.
        ValueError: `CXX` cannot be taken apart.
        subprocess.CalledProcessError: the compiler refuses; `stderr` says why.
        ImportError: what was compiled does not fit this Python.
    """
    file = compiled(capability or torch.backends.cpu.get_cpu_capability())
    spec = importlib.util.spec_from_file_location("memory_kernel", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.fused


def compiled(capability: str) -> Path:
    """The shared library for these vector instructions, compiled if it was not yet."""
    flags = (*FLAGS, *VECTORS.get(capability, ()))
    versions = (sys.version, torch.__version__)
    digest = hashlib.sha256(repr((flags, versions)).encode() + SOURCE.read_bytes()).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lemmary"
    file = folder / f"memory_kernel-{digest}.so"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log.warning("compiling the memory layer's kernel, once on this machine")
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / file.name
            _compile(made, flags)
            made.replace(file)
    return file


def _compile(target: Path, flags: tuple[str, ...]) -> None:
    from torch.utils.cpp_extension import include_paths, library_paths

    compiler = shlex.split(os.environ.get("CXX", "c++"))
    includes = [f"-I{path}" for path in (sysconfig.get_path("include"), *include_paths())]
    libraries = [option for path in library_paths() for option in (f"-L{path}", f"-Wl,-rpath,{path}")]
    command = [*compiler, *flags, *includes, str(SOURCE), "-o", str(target), *libraries]
    command += ["-ltorch_python", "-ltorch_cpu", "-lc10"]
    subprocess.run(command, check=True, capture_output=True, text=True)


def _first_error(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if "error" in line), text.strip())
