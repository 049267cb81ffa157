"""What tests of the Triton kernel run where Triton is: `python -m tests.models.triton_worker FD`, started by `worker`.

It answers requests on the connection at the file descriptor FD until that is closed. With `TRITON_INTERPRET=1` Triton
interprets the kernel on CPU tensors, otherwise it compiles it.
"""

# pyright: reportMissingImports=false

import io
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

MARGIN = 64
"""Entries behind each result that the kernel must leave alone."""


@contextmanager
def worker(python: Path, repository: Path, interpret: bool) -> Generator[Callable[..., Any]]:
    """A function that has a process of `python` answer: `ask(name of a function below, its arguments)`."""
    ours, theirs = Pipe()
    command = [str(python), "-m", "tests.models.triton_worker", str(theirs.fileno())]
    environment = os.environ | {"TRITON_INTERPRET": str(int(interpret)), "OMP_NUM_THREADS": "1"}

    def ask(name: str, *arguments: Any) -> Any:
        ours.send_bytes(_packed((name, torch.is_grad_enabled(), arguments)))
        return _unpacked(ours.recv_bytes())

    with subprocess.Popen(command, cwd=repository, env=environment, pass_fds=[theirs.fileno()]):
        theirs.close()
        with ours:
            yield ask


def _packed(value: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def _unpacked(data: bytes) -> Any:
    return torch.load(io.BytesIO(data), weights_only=True)


# --------------------------------------------------------------------------------------------- in the process that asks


def _fused(*arguments: Any) -> tuple[Tensor, ...] | None:
    """The kernel's answer, after a look whether it wrote behind its results."""
    from models.memoryformer import triton_kernel

    made: list[Tensor] = []
    before = torch.Tensor.new_empty

    def with_margin(like: Tensor, shape: tuple[int, ...], **options: Any) -> Tensor:
        if options:  # Triton's interpreter asks
            return before(like, shape, **options)
        size = int(torch.Size(shape).numel())
        made.append(torch.full((size + MARGIN,), 7.0, dtype=like.dtype))
        return made[-1][:size].view(shape)

    torch.Tensor.new_empty = with_margin  # pyright: ignore[reportAttributeAccessIssue]
    try:
        results = triton_kernel.fused(*arguments)
    finally:
        torch.Tensor.new_empty = before
    assert all((whole[-MARGIN:] == 7).all() for whole in made), "written behind a result"
    return results


def _fused_while_counted(*arguments: Any) -> tuple[Tensor, ...] | None:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False):
        return _fused(*arguments)


def _fused_in_inference_mode(*arguments: Any) -> tuple[Tensor, ...] | None:
    with torch.inference_mode():
        return _fused(*arguments)


def _hashed(z: Tensor, official: bool, temperature: float) -> tuple[Tensor, Tensor]:
    """(…, τ) chunks → their rows and weights, (…), as the kernel computes them."""
    from tests.models import triton_hash

    hash_kernel: Any = triton_hash.hash_kernel
    rows, weights = torch.empty(z.shape[:-1], dtype=torch.int32), torch.empty(z.shape[:-1])
    chunks, block = rows.numel(), 16
    hash_kernel[(-(-chunks // block),)](z, rows, weights, chunks, -2 / temperature, z.shape[-1], official, block)
    return rows, weights


def _compiled(capability: int, *arguments: Any) -> list[int]:
    """Bytes of machine code of the launches of one call, for a GPU of this compute capability; nothing is launched."""
    from triton.backends.compiler import GPUTarget
    from triton.runtime import driver

    from models.memoryformer import triton_kernel

    class NoGpu:
        """What the compiler asks a driver; there is none where there is no GPU."""

        def get_current_device(self) -> int:
            return capability

        def get_current_stream(self, device: int) -> int:
            return 0

        def get_current_target(self) -> Any:
            return GPUTarget("cuda", capability, 32)

    driver.set_active(NoGpu())
    kernel: Any = triton_kernel.layers_kernel
    codes: list[int] = []
    run = kernel.run

    def compile_only(*arguments: Any, **options: Any) -> None:
        codes.append(len(run(*arguments, **options | {"warmup": True}).asm["cubin"]))

    kernel.run = compile_only
    try:
        triton_kernel.fused(*arguments)
    finally:
        kernel.run = run
    return codes


def _answer(pipe: Connection) -> None:
    functions = {
        "fused": _fused,
        "fused_while_counted": _fused_while_counted,
        "fused_in_inference_mode": _fused_in_inference_mode,
        "hashed": _hashed,
        "compiled": _compiled,
    }
    while True:
        try:
            name, grad, arguments = _unpacked(pipe.recv_bytes())
        except EOFError:
            return
        with torch.set_grad_enabled(grad):
            pipe.send_bytes(_packed(functions[name](*arguments)))


if __name__ == "__main__":
    _answer(Connection(int(sys.argv[1])))
