"""SMT solvers with induction: how they are found, and asked for one problem within CPU seconds of their own.

They are not among the requirements of the project: `apt-get install cvc4`, and for cvc5 an environment of its own.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CONFIGURATIONS = {
    "conjectures": ("quant-ind", "conjecture-gen", "full-saturate-quant"),
    "induction": ("quant-ind", "full-saturate-quant"),
}
"""Options of each configuration, the same for both solvers."""

START_UP = 1
"""CPU seconds granted to cvc5 beside the limit, for loading Python and the solver."""

MEMORY = 4 << 30
"""Bytes of address space for a solver."""

DRIVER = """
import sys, cvc5
solver = cvc5.Solver(cvc5.TermManager())
for option in sys.argv[2:]:
    solver.setOption(option, "true")
reader = cvc5.InputParser(solver)
reader.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, sys.argv[1])
symbols = reader.getSymbolManager()
while not (command := reader.nextCommand()).isNull():
    print(command.invoke(solver, symbols), end="", flush=True)
"""


@dataclass(frozen=True)
class Solver:
    name: str
    version: str
    program: tuple[str, ...]

    def command(self, file: Path, configuration: str) -> list[str]:
        options = CONFIGURATIONS[configuration]
        if self.name == "cvc5":
            return [*self.program, str(file), *options]
        return [*self.program, *(f"--{option}" for option in options), str(file)]


def find_solvers(cvc4: str, cvc5: Path) -> list[Solver]:
    """The solvers that are installed; says on stderr what is missing."""
    found: list[Solver] = []
    if cvc5.is_file():
        text = "import cvc5; print(cvc5.__version__)"
        version = subprocess.run([cvc5, "-c", text], capture_output=True, text=True, check=False).stdout.strip()
        if version:
            found.append(Solver("cvc5", version, (str(cvc5), "-c", DRIVER)))
    program = shutil.which(cvc4)
    if program is not None:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        found.append(Solver("cvc4", said.split("version ")[1].split()[0], (program,)))
    names = {solver.name for solver in found}
    if "cvc5" not in names:
        print(f"no cvc5 at {cvc5}: python3 -m venv runs/cvc5 && runs/cvc5/bin/pip install cvc5", file=sys.stderr)
    if "cvc4" not in names:
        print("no cvc4: apt-get install cvc4, or --cvc4 PROGRAM", file=sys.stderr)
    return found


def ask(solver: Solver, configuration: str, text: str, limit: int) -> tuple[str, float]:
    """What a solver says of an SMT-LIB problem within `limit` CPU seconds, and the CPU seconds of its process."""

    def bound() -> None:
        seconds = limit if solver.name == "cvc4" else limit + START_UP
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder, "problem.smt2"), Path(folder, "output")
        file.write_text(text, encoding="utf-8")
        with output.open("w") as sink:
            process = subprocess.Popen(
                solver.command(file, configuration),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                preexec_fn=bound,  # noqa: PLW1509 (this script starts no thread)
            )
            _, code, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(code)
        said = output.read_text(encoding="utf-8", errors="replace").split()
    seconds = round(used.ru_utime + used.ru_stime, 2)
    if said and said[0] in ("sat", "unsat", "unknown"):
        return said[0], seconds
    stopped = process.returncode in (-signal.SIGXCPU, -signal.SIGKILL) or seconds >= limit
    return ("limit" if stopped else "error"), seconds
