"""How much of Coq's own standard library is proved again after its proofs were erased.

    python bench/refill.py --all --json docs/results/stdlib_refill.json

Each file is copied, the proof of every statement that ends in `Qed` is dropped, and `prove` works on the holes, with no
model. `--arm retrieving` has the file's earlier statements, and those of what the file itself requires, as premises;
`--arm alone` has none of them; `--arm learned --library RUN` has them, and tries what a run learned about the same
definitions. The copy has another logical name. A refill counts if the whole refilled file compiles, the kernel's uses
of its proof, followed through, contain no constant of the original file or of a later one (their libraries are not
even loaded), and none of them has the same statement under another name; refills that fail this are printed. Without
--all a seeded sample of each file is tried. With --out the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import random
import re
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.script import Row, command_line, ended, machine, tell
from pipeline.development.project import coq_project
from pipeline.development.project.document import Document
from pipeline.development.project.options import Options
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.results import Result
from pipeline.development.work import Work
from term_algebra import alpha_normal
from verifiers.rocq.terms import ParseError, parse_typed, render

COLUMNS = {
    "file": "{file}",
    "erased": "{erased}",
    "tried": "{tried}",
    "refilled": "{refilled}",
    "from closed proofs": "{closed}",
    "CPU s": "{cpu_seconds}",
    "rejected": "{rejected}",
}

FILES = (
    *("Bool/Bool.v", "Bool/BoolOrder.v", "Bool/Zerob.v", "Bool/IfProp.v", "Bool/DecBool.v"),
    *("Arith/Between.v", "Arith/Compare_dec.v", "Arith/EqNat.v", "Arith/Factorial.v", "Arith/Wf_nat.v"),
    *("Arith/Cantor.v", "Arith/Compare.v", "Lists/List.v"),
)

_CONSTANT = re.compile(r"([\w'.]+)\(\d+\)")


class Kernel:
    """What the kernel says of one compiled file `Refill.FILE`."""

    def __init__(self, copy: Copy, module: str) -> None:
        self._copy = copy
        self.module = module
        self._uses: dict[str, set[str]] = {}
        self._types: dict[str, str] = {}

    def libraries(self) -> set[str]:
        """The libraries that the file loads."""
        return set(re.findall(r"[\w.]+", self._copy.ask(f"Require {self.module}.\nPrint Libraries.\n").output))

    def closure(self, name: str) -> set[str]:
        """All constants that the proof of a lemma of the file rests on."""
        found: set[str] = set()
        frontier = {f"{self.module}.{name}"}
        while frontier:
            missing = sorted(frontier - self._uses.keys())
            said = self._ask([f"SearchDepend {one}." for one in missing])
            self._uses |= {one: set(_CONSTANT.findall(text)) for one, text in zip(missing, said, strict=True)}
            found |= frontier
            frontier = set[str]().union(*(self._uses[one] for one in frontier)) - found
        return found - {f"{self.module}.{name}"}

    def statement(self, names: list[str]) -> list[str]:
        """The statements of constants in one form, whatever their variables are called."""
        missing = [name for name in names if name not in self._types]
        for name, text in zip(missing, self._ask([f"Check @{name}." for name in missing]), strict=True):
            type_ = text.partition("\n     : ")[2]
            try:
                self._types[name] = render(alpha_normal(parse_typed(f"x\n     : {type_}").type))
            except ParseError:
                self._types[name] = " ".join(type_.split())
        return [self._types[name] for name in names]

    def _ask(self, questions: list[str]) -> list[str]:
        if not questions:
            return []
        mark = secrets.token_hex(16)
        lines = [f"Require {self.module}.", "From dpdgraph Require dpdgraph.", "Set Printing Width 100000."]
        lines += ["Set Printing Depth 100000.", "Set Printing All.", "Set Asymmetric Patterns."]
        for question in questions:
            lines += [f'Goal True. idtac "{mark}". Abort.', question]
        finished = self._copy.ask("\n".join([*lines, ""]))
        if not finished.ok:
            raise SystemExit(f"{self.module}: {finished.output.strip()[-500:]}")
        return [answer.strip("\n") for answer in finished.output.split(mark)[1:]]


def rejected(kernel: Kernel, original: str, result: Result) -> str | None:
    """Why a refill does not count, or None."""
    uses = sorted(kernel.closure(result.name))
    foreign = [name for name in uses if name.startswith((f"{original}.", original.removeprefix("Coq.") + "."))]
    if foreign:
        return f"uses {foreign[0]} of the original"
    own, *others = kernel.statement([f"{kernel.module}.{result.name}", *uses])
    same = [name for name, type_ in zip(uses, others, strict=True) if type_ == own]
    return f"uses {same[0]}, which states the same" if same else None


def refill(file: str, theories: Path, options: argparse.Namespace, work_dir: Path) -> Row:
    """One file: its row for the table."""
    source = theories / file
    place = work_dir / options.arm / file.removesuffix(".v").replace("/", "_")
    development = place / "development"
    development.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, development / source.name)
    (development / "_CoqProject").write_text("-Q . Refill\n")
    names = [hole.qualified for hole in Document(source.read_text(), file).erased().holes]
    chosen = names
    if not options.all and len(names) > options.sample:
        chosen = sorted(random.Random(f"{options.seed} {file}").sample(names, options.sample), key=names.index)
    settings = Options(
        *(options.cpu_seconds, options.seed, 2 << 30),
        names=tuple(chosen),
        erase=True,
        retrieves=options.arm != "alone",
        library=options.library,
    )
    work = Work(development / source.name, place / "out", settings)
    results = work.run(lambda text: print(f"  {text}", file=sys.stderr, flush=True))
    refills = [result for result in results if result.status in ("proved", "conditional")]
    module, original = f"Refill.{source.stem}", f"Coq.{file.removesuffix('.v').replace('/', '.')}"
    refused: dict[str, str] = {}
    finished = place / "out" / "refilled"
    (finished / "_CoqProject").write_text("-Q . Refill\n")
    with Copy(coq_project.find(finished / source.name), 600.0) as copy:
        broken = copy.compile((finished / source.name).resolve(), (finished / source.name).read_text())
        if broken is not None:
            raise SystemExit(f"{file}: the refilled file does not compile: {broken.message}")
        kernel = Kernel(copy, module)
        if original in kernel.libraries():
            raise SystemExit(f"{file}: the refilled file loads {original}")
        for result in refills:
            why = rejected(kernel, original, result)
            if why is not None:
                refused[result.name] = why
    good = [result for result in refills if result.name not in refused]
    return {
        "file": file,
        "erased": len(names),
        "tried": len(chosen),
        "refilled": len(good),
        "closed": sum(result.status == "proved" for result in good),
        "rejected": refused,
        "refuted": [result.name for result in results if result.status == "refuted"],
        "left": [result.name for result in results if result.status in ("open", "error")],
        "cpu_seconds": round(sum(result.cpu_seconds for result in results), 1),
    }


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("files", nargs="*", default=FILES, help="under theories/, for example Lists/List.v")
    parser.add_argument("--all", action="store_true", help="every statement, not a sample")
    parser.add_argument("--sample", type=int, default=4, help="statements tried of each file")
    parser.add_argument("--cpu-seconds", type=float, default=10.0, help="for one statement")
    parser.add_argument("--arm", choices=("retrieving", "alone", "learned"), default="retrieving")
    parser.add_argument("--library", type=Path, help="a run, for the arm `learned`")
    parser.add_argument("--theories", type=Path, default=Path("/usr/lib/ocaml/coq/theories"))
    parser.add_argument("--out", type=Path, help="kept between runs")
    options = parser.parse_args()
    if (options.arm == "learned") != (options.library is not None):
        parser.error("--library goes with --arm learned")
    where = machine()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        for file in options.files:
            rows.append(refill(file, options.theories, options, options.out or Path(scratch)))
            print(f"{file}: {rows[-1]['refilled']} of {rows[-1]['tried']}", file=sys.stderr, flush=True)
    tried, good = sum(row["tried"] for row in rows), sum(row["refilled"] for row in rows)
    headline = {"tried": tried, "refilled": good, "share": round(good / tried, 3) if tried else None}
    tell(options, where, rows, headline, COLUMNS, arm=options.arm, cpu_seconds_each=options.cpu_seconds)


if __name__ == "__main__":
    sys.exit(ended(main))
