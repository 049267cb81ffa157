"""The dependency graph of a Rocq development, or of Coq's own standard library, as the kernel has it.

A development is copied and compiled in the sandbox (as `prove` does), then dpdgraph, a plugin of Debian's package
libcoq-dpdgraph, walks through its terms. Nothing is written into the development.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import networkx as nx

from datasets.dpdgraph import describe, read_dpd
from domain import OutsideError, UserError
from pipeline.development.project.coq_project import find, sources
from pipeline.development.project.scratch_copy import Copy
from verifiers.audit import scratch
from verifiers.audit.rocq.version import program
from verifiers.audit.sandbox import Limits, Sandbox

STDLIB = "stdlib"
"""What stands for Coq's own standard library instead of a path."""

_FILE = "graph.dpd"
_BYTES = 1 << 30
_LIMITS = Limits(wall_seconds=3600, cpu_seconds=1800, memory_bytes=16 << 30, output_bytes=_BYTES)


def rocq_graph(target: Path, seconds: float = 300) -> nx.MultiDiGraph[str]:
    """The graph of a development (a folder or a file), each file compiled in at most `seconds` of CPU time.

    Raises:
        UserError: there is no such development, or Rocq does not compile it.
        OutsideError: Rocq or dpdgraph is missing.
    """
    project = find(target)
    files = sources(target, project)
    if not files:
        raise UserError(f"{target} holds no .v file")
    with Copy(project, seconds) as copy:
        for file in copy.in_order(files):
            refused = copy.prepare(file) or copy.compile(file)
            if refused is not None:
                raise UserError(f"{file}:{refused.line}: Rocq does not compile this: {refused.message}")
        modules = [project.module(file) for file in files]
        graph = read_dpd(_walk(copy.sandbox, modules, copy.options, (copy.folder,)))
    describe(graph, files, project.root)
    return graph


def stdlib_graph() -> nx.MultiDiGraph[str]:
    """The graph of every module of the standard library that is installed. Raises `OutsideError`."""
    root = stdlib_folder()
    compiled = sorted(root.rglob("*.vo"))
    modules = [f"Coq.{'.'.join(file.relative_to(root).with_suffix('').parts)}" for file in compiled]
    graph = read_dpd(_walk(Sandbox(), modules, (), ()))
    describe(graph, sorted(root.rglob("*.v")), root)
    return graph


def stdlib_folder() -> Path:
    """Where the standard library lies, sources beside compiled files. Raises `OutsideError`."""
    try:
        said = subprocess.run([*program("coqc"), "-where"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise OutsideError(f"coqc does not run ({error}): `apt-get install coq libcoq-stdlib`") from None
    return Path(said) / "theories"


def _walk(sandbox: Sandbox, modules: Sequence[str], options: Sequence[str], readable: Sequence[Path]) -> str:
    """What dpdgraph writes about some compiled modules."""
    requires = "".join(f"Require {module}.\n" for module in modules)
    text = f'From dpdgraph Require Import dpdgraph.\n{requires}Set DependGraph File "{_FILE}".\n'
    with sandbox.folder() as folder:
        (folder / "Walk.v").write_text(f"{text}Print FileDependGraph {' '.join(modules)}.\n", encoding="utf-8")
        argv = [*program("coqc"), *options, "-q", "-w", "none", "Walk.v"]
        finished = sandbox.run(argv, folder, _LIMITS, readable)
        kept = folder / "kept.dpd"
        if finished.ok and scratch.take(folder / _FILE, kept, _BYTES):
            return kept.read_text(encoding="utf-8")
    if "dpdgraph" in finished.output:
        raise OutsideError("Rocq finds no dpdgraph: `apt-get install libcoq-dpdgraph`")
    raise OutsideError(f"dpdgraph failed: {' '.join(finished.output.split())[-300:] or finished.stopped}")
