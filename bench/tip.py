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

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.script import REPOSITORY, TIP, Row, command_line, ended, has_suites, machine, tell
from bench.smt_solvers import CONFIGURATIONS, START_UP, Solver, ask, find_solvers
from bench.tip_encoding import check
from datasets.tip.parse import parse
from datasets.tip.smtlib import encode
from datasets.tip.suites import suite_files
from datasets.tip.syntax import Module

COLUMNS = {
    "solver": "{solver}",
    "suite": "{suite}",
    "configuration": "{configuration}",
    "asked": "{asked}",
    "solved": "{solved}",
    "errors": "{errors}",
}

SUITES = {"isaplanner": 86, "prod": 50}
"""How many problems each suite has."""

SAMPLE = 3
"""Problems of each suite without `--all`."""


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


def result(answers: Mapping[tuple[str, ...], Answer], limit: int) -> tuple[list[Row], dict[str, int]]:
    """Who proved what within `limit`, and how many each.

    The headline has each rival's better configuration, once all were asked for every problem of the suite.
    """
    solved = [a for a in answers.values() if a.status == "unsat" and a.cpu_seconds <= limit + START_UP]
    rows: list[Row] = []
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
    return rows, headline


def main() -> int:
    parser = command_line(__doc__, seed=False)
    parser.add_argument("--path", type=Path, default=TIP, help="TIP's suites")
    parser.add_argument("--all", action="store_true", help="every problem, not a sample")
    parser.add_argument("--limit", type=int, help="CPU seconds a problem: 60, or 2 for the sample and the check")
    parser.add_argument("--cvc5", type=Path, default=REPOSITORY / "runs/cvc5/bin/python", help="a Python that has cvc5")
    parser.add_argument("--cvc4", default="cvc4", help="the program")
    parser.add_argument("--record", type=Path, help="a JSONL file of answers, read and appended to")
    parser.add_argument("--check", action="store_true", help="check the encoding instead of measuring")
    options = parser.parse_args()
    where, limit = machine(), options.limit or (60 if options.all else 2)
    solvers = find_solvers(options.cvc4, options.cvc5)
    if not has_suites(options.path):
        return 0
    if options.check:
        suites = {suite: [module for _, module in problems(options.path, suite)] for suite in SUITES}
        return check(solvers, suites, options.path, limit)
    with tempfile.TemporaryDirectory() as folder:
        record = options.record or Path(folder, "answers.jsonl")
        measure(solvers, options.path, every=options.all, limit=limit, record=record)
        rows, headline = result(read_answers(record), limit)
    configurations = {name: [f"--{one}" for one in chosen] for name, chosen in CONFIGURATIONS.items()}
    about = {"cpu_seconds_per_problem": limit, "configurations": configurations}
    tell(options, where, rows, headline, COLUMNS, **about)
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
