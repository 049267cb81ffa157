"""TIP's inductive problems: what a run of ours proved, beside SMT solvers with induction on the same problems.

    python bench/tip.py                                   # a few problems at 2 CPU s, with the solvers that are found
    python bench/tip.py --all --limit 60 --json tip.json  # both suites, every configuration: hours
    python bench/tip.py --check                           # is the encoding sound? Non-theorems and ground instances

The solvers are not among our requirements: `apt-get install cvc4`, and for cvc5 an environment of its own,

    python3 -m venv runs/cvc5 && runs/cvc5/bin/pip install cvc5

One solver process runs at a time. The limit is CPU seconds of that process; what it answers is appended to `--record`,
so that a later call goes on where this one stopped: a problem runs again only where a smaller limit was too little.
Our figures are those of the committed runs (docs/results/), each with an empty library and a budget of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datasets.tip.inference import Inference
from datasets.tip.parse import parse
from datasets.tip.smtlib import encode
from datasets.tip.suites import suite_files
from datasets.tip.syntax import Data, Module, TranslationError
from datasets.tip.typed import Constant, Local, Quantification, Typed, substitute, substitute_type
from domain import UserError

REPOSITORY = Path(__file__).resolve().parents[1]

SUITES = {"isaplanner": 86, "prod": 50}
"""How many problems each suite has."""

CONFIGURATIONS = {
    "conjectures": ("quant-ind", "conjecture-gen", "full-saturate-quant"),
    "induction": ("quant-ind", "full-saturate-quant"),
}
"""Options of each configuration, the same for both solvers."""

SAMPLE = 3
"""Problems of each suite without `--all`."""

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


@dataclass(frozen=True)
class Answer:
    """`status` is what the solver said, or `limit`, or `error`; `cpu_seconds` are those of its process."""

    solver: str
    version: str
    configuration: str
    suite: str
    problem: str
    limit: int
    status: str
    cpu_seconds: float

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        return (self.solver, self.version, self.configuration, self.suite, self.problem)


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


# ---------------------------------------------------------------------------------------------------------- measuring


def problems(path: Path, suite: str) -> Iterator[tuple[str, Module]]:
    for file in suite_files(f"tip:{suite}", path):
        yield file.stem, parse(file.read_text(encoding="utf-8"), str(file))


def read_answers(record: Path) -> dict[tuple[str, ...], Answer]:
    """The most patient answer of each solver, configuration and problem."""
    found: dict[tuple[str, ...], Answer] = {}
    lines = record.read_text(encoding="utf-8").splitlines() if record.is_file() else []
    for line in lines:
        answer = Answer(**json.loads(line))
        if answer.key not in found or answer.limit > found[answer.key].limit:
            found[answer.key] = answer
    return found


def measure(solvers: Sequence[Solver], path: Path, *, every: bool, limit: int, record: Path) -> None:
    """Asks for every answer that is not on record."""
    answers = read_answers(record)
    record.parent.mkdir(parents=True, exist_ok=True)
    chosen = {suite: list(problems(path, suite))[: None if every else SAMPLE] for suite in SUITES}
    with record.open("a", encoding="utf-8") as sink:
        for configuration in CONFIGURATIONS:
            for solver in solvers:
                for suite, members in chosen.items():
                    for name, module in members:
                        key = (solver.name, solver.version, configuration, suite, name)
                        known = answers.get(key)
                        if known is not None and (known.status != "limit" or known.limit >= limit):
                            continue
                        status, seconds = ask(solver, configuration, encode(module), limit)
                        answer = Answer(*key, limit, status, seconds)
                        sink.write(json.dumps(asdict(answer)) + "\n")
                        sink.flush()


def ours() -> dict[str, int]:
    """How many problems of each suite the committed runs proved."""
    found: dict[str, int] = {}
    for suite in SUITES:
        file = REPOSITORY / "docs" / "results" / f"tip_{suite}.json"
        if file.is_file():
            found[f"{suite}_solved"] = json.loads(file.read_text(encoding="utf-8"))["counts"]["solved"]
    return found


def result(answers: Mapping[tuple[str, ...], Answer], limit: int) -> dict[str, Any]:
    """Who proved what within `limit`, and how many each.

    The headline has each rival's better configuration, once all were asked for every problem of the suite.
    """
    solved = [a for a in answers.values() if a.status == "unsat" and a.cpu_seconds <= limit + START_UP]
    rows: list[dict[str, Any]] = []
    headline: dict[str, int] = ours()
    for solver, version in sorted({(a.solver, a.version) for a in answers.values()}):
        for suite, total in SUITES.items():
            names: dict[str, set[str]] = {}
            for configuration in CONFIGURATIONS:
                key = (solver, version, configuration, suite)
                names[configuration] = {a.problem for a in solved if a.key[:4] == key}
                asked = [a for a in answers.values() if a.key[:4] == key and (a.limit >= limit or a.status != "limit")]
                row = {"solver": f"{solver} {version}", "suite": suite, "configuration": configuration}
                row |= {"asked": len(asked), "solved": len(names[configuration])}
                row |= {"errors": sum(a.status == "error" for a in asked), "problems": sorted(names[configuration])}
                rows.append(row)
            if all(row["asked"] == total for row in rows[-len(CONFIGURATIONS) :]):
                headline[f"{solver}_{suite}_solved"] = max(len(found) for found in names.values())
                headline[f"{solver}_{suite}_solved_by_either"] = len(set[str]().union(*names.values()))
    return {
        "machine": f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores",
        "seed": 0,
        "cpu_seconds_per_problem": limit,
        "configurations": {name: [f"--{o}" for o in options] for name, options in CONFIGURATIONS.items()},
        "rows": rows,
        "headline": headline,
    }


# ------------------------------------------------------------------------------------------- is the encoding sound?


def check(solvers: Sequence[Solver], path: Path, limit: int) -> int:
    """Asks for the non-theorems, of which none may be proved, and for ground instances of theorems, which should be."""
    wrong = 0
    for solver in solvers:
        for configuration in CONFIGURATIONS:
            proved: list[str] = []
            asked = unread = 0
            for file in suite_files("tip:false", path):
                try:
                    text = encode(parse(file.read_text(encoding="utf-8"), str(file)))
                except (TranslationError, UserError):
                    unread += 1
                    continue
                asked += 1
                if ask(solver, configuration, text, limit)[0] == "unsat":
                    proved.append(file.stem)
            told = f"{len(proved)} of {asked} non-theorems proved ({unread} have no encoding) {' '.join(proved)}"
            print(f"{solver.name} {configuration}: {told}", flush=True)
            wrong += len(proved)
        draws = random.Random(0)
        for suite in SUITES:
            texts = [encode(module, instance(module, draws)) for _, module in problems(path, suite)]
            said = [ask(solver, "induction", text, limit)[0] for text in texts]
            print(f"{solver.name}: {said.count('unsat')} of {len(said)} ground instances of {suite} proved", flush=True)
            wrong += said.count("sat")
    return 1 if wrong else 0


def instance(module: Module, draws: random.Random) -> Typed:
    """The goal with small random values for its leading variables of datatypes without type variables."""
    inference = Inference(module, frozenset())
    goal = inference.formula(module.goal, "prove").body
    if not isinstance(goal, Quantification) or goal.quantifier != "forall":
        return goal
    kept: list[Local] = []
    body = goal.body
    for variable in goal.binders:
        value = _ground(inference, variable.type, 3, draws) if isinstance(variable.type, Data) else None
        if value is None:
            kept.append(variable)
        else:
            body = substitute(body, variable.name, value)
    return Quantification("forall", tuple(kept), body) if kept else body


def _ground(inference: Inference, type_: Any, size: int, draws: random.Random) -> Typed | None:
    """A value of a datatype, not deeper than `size` where it can be helped; None if it has no closed value here."""
    choices = [c for d, c in inference.constructors.values() if isinstance(type_, Data) and d.name == type_.name]
    if size <= 0:
        choices = [c for c in choices if not c.fields]
    draws.shuffle(choices)
    for constructor in choices:
        datatype = inference.constructors[constructor.name][0]
        table = dict(zip(datatype.parameters, type_.arguments, strict=True))
        fields = [_ground(inference, substitute_type(f, table), size - 1, draws) for f in constructor.fields]
        arguments = tuple(field for field in fields if field is not None)
        if len(arguments) == len(fields):
            return Constant("constructor", constructor.name, type_.arguments, arguments, type_)
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, default=REPOSITORY.parent / "shared" / "data" / "tip", help="TIP's suites")
    parser.add_argument("--all", action="store_true", help="every problem, not a sample")
    parser.add_argument("--limit", type=int, help="CPU seconds a problem: 60, or 2 for the sample and the check")
    parser.add_argument("--cvc5", type=Path, default=REPOSITORY / "runs/cvc5/bin/python", help="a Python that has cvc5")
    parser.add_argument("--cvc4", default="cvc4", help="the program")
    parser.add_argument("--record", type=Path, help="a JSONL file of answers, read and appended to")
    parser.add_argument("--check", action="store_true", help="check the encoding instead of measuring")
    parser.add_argument("--json", type=Path, help="write the result here")
    options = parser.parse_args()
    limit = options.limit or (60 if options.all else 2)
    solvers = find_solvers(options.cvc4, options.cvc5)
    answers: dict[tuple[str, ...], Answer] = {}
    if not (options.path / "prod").is_dir():
        print(f"no TIP suites at {options.path}: give --path the folder that holds them", file=sys.stderr)
    elif options.check:
        return check(solvers, options.path, limit)
    else:
        with tempfile.TemporaryDirectory() as folder:
            record = options.record or Path(folder, "answers.jsonl")
            measure(solvers, options.path, every=options.all, limit=limit, record=record)
            answers = read_answers(record)
    found = result(answers, limit)
    print(f"at {limit} CPU seconds a problem:")
    print(f"{'solver':14} {'suite':12} {'configuration':14} {'asked':>6} {'solved':>7} {'errors':>7}")
    for row in found["rows"]:
        told = f"{row['solver']:14} {row['suite']:12} {row['configuration']:14}"
        print(f"{told} {row['asked']:6} {row['solved']:7} {row['errors']:7}")
    for name, value in found["headline"].items():
        print(f"{name} = {value}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
