"""miniF2F for Rocq, Lean 4 and Isabelle, from a tree of the published repository or from JSONL.

The Rocq files are adapted to Coq 8.16, each change recorded in the field `adaptations`: the statement's proof is cut
off (many files lack its end), complex powers are defined where Coquelicot 3.2 has none, `Stdlib` is called `Coq`, and
`Cmod` gets its argument's scope. A theorem that a file admits before its goal is left out, so that no header assumes
anything, except what the problem itself declares: those axioms, and only those, are allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from datasets.jsonl import read_problems
from domain import Problem, Prover, UserError

CPOW = (
    "Fixpoint Cpow (z : C) (n : nat) : C := match n with O => RtoC 1 | S m => Cmult z (Cpow z m) end.\n"
    'Infix "^" := Cpow : C_scope.\n'
)
CMOD = "Arguments Cmod _%C.\n"


@dataclass(frozen=True)
class Source:
    """Where a language's files lie in the published repository, and how to tell them."""

    prover: Prover
    folders: tuple[tuple[str, str], ...]
    suffix: str
    repository: str


SOURCES = {
    "minif2f-rocq": Source("rocq", (("valid", "valid"), ("test", "test")), ".v", "LLM4Rocq/miniF2F-rocq"),
    "minif2f-lean4": Source(
        "lean4", (("valid", "MiniF2F/Valid"), ("test", "MiniF2F/Test")), ".lean", "yangky11/miniF2F-lean4"
    ),
    "minif2f-isabelle": Source(
        "isabelle", (("valid", "isabelle/valid"), ("test", "isabelle/test")), ".thy", "facebookresearch/miniF2F"
    ),
}


def load_minif2f(name: str, path: Path) -> list[Problem]:
    """All problems at `path`, a tree of the published repository or a JSONL file, both splits."""
    source = SOURCES[name]
    if path.is_file():
        problems = read_problems(path, source.prover)
        wrong = next((problem for problem in problems if problem.prover != source.prover), None)
        if wrong is not None:
            raise UserError(f"{path}: {wrong.name} is a problem for {wrong.prover}, but {name} was asked for")
    else:
        problems = _read_tree(source, path)
    return [adapt(problem) for problem in problems] if source.prover == "rocq" else problems


def _read_tree(source: Source, path: Path) -> list[Problem]:
    read = {"rocq": read_rocq, "lean4": read_lean, "isabelle": read_isabelle}[source.prover]
    problems: list[Problem] = []
    for split, folder in source.folders:
        for file in sorted((path / folder).glob(f"*{source.suffix}")):
            where = file.relative_to(path).as_posix()
            header, statement = read(file.read_text(encoding="utf-8"), str(file))
            problem = Problem(file.stem, source.prover, header, statement, split=split, extra={"source_path": where})
            problems.append(problem)
    if not problems:
        wanted = f"{source.folders[0][1]}/*{source.suffix}"
        raise UserError(f"{path} has no {wanted}: give --path the tree of {source.repository}, or a JSONL file")
    return problems


# ------------------------------------------------------------------------------------------------------------- Rocq

_THEOREM = re.compile(r"^[ \t]*(Theorem|Lemma|Corollary|Proposition|Fact|Example)\s+([\w']+)", re.MULTILINE)
_PROOF = re.compile(r"^[ \t]*(Proof|Admitted|Abort)\b", re.MULTILINE)
_ADMITTED = re.compile(
    r"^[ \t]*(?:Theorem|Lemma|Corollary|Proposition|Fact|Example)\s(?:(?!^[ \t]*Proof\b).)*?^[ \t]*Proof\s*\."
    r"\s*(?:Admitted|Abort)\s*\.\s*",
    re.MULTILINE | re.DOTALL,
)
_LAST_IMPORT = re.compile(r"^[ \t]*(?:From\s+\S+\s+)?Require\b[^\n]*\n", re.MULTILINE)
_ASSUMED = re.compile(r"^[ \t]*(?:Axiom|Parameter|Conjecture|Hypothesis|Variable)s?\s+([\w' ]+?)\s*:", re.MULTILINE)


def read_rocq(text: str, where: str) -> tuple[str, str]:
    """Header and statement of a `.v` file whose last theorem is the goal."""
    theorems = list(_THEOREM.finditer(_without_comments(text)))
    if not theorems:
        raise UserError(f"{where}: no theorem in this file")
    start = theorems[-1].start()
    end = _PROOF.search(_without_comments(text), start)
    statement = text[start : end.start() if end else len(text)].strip()
    if not statement.endswith("."):
        raise UserError(f"{where}: the statement of {theorems[-1].group(2)} does not end with a full stop")
    return text[:start], statement


def _without_comments(text: str) -> str:
    """`text` with comments blanked, at the same offsets."""
    characters, depth, position = list(text), 0, 0
    while position < len(text):
        pair = text[position : position + 2]
        if pair == "(*" or (pair == "*)" and depth):
            depth += 1 if pair == "(*" else -1
            characters[position : position + 2] = "  "
            position += 2
            continue
        if depth and text[position] != "\n":
            characters[position] = " "
        position += 1
    return "".join(characters)


def adapt(problem: Problem) -> Problem:
    """A Rocq problem such that Coq 8.16 with Coquelicot 3.2 accepts its header and statement."""
    header, statement = problem.header, problem.formal_statement
    done: list[str] = []
    if _ADMITTED.search(header):
        header = _ADMITTED.sub("", header)
        done.append("leave out an admitted theorem")
    if re.search(r"\bFrom\s+Stdlib\b", header):
        header = re.sub(r"\bFrom\s+Stdlib\b", "From Coq", header)
        done.append("From Stdlib->From Coq")
    complex_open = re.search(r"\bOpen\s+Scope\s+C_scope\b", header) is not None
    if complex_open and "^" in statement and "Cpow" not in header:
        header = _after_imports(header, CPOW)
        done.append("define Cpow")
    if re.search(r"\bCmod\b", statement) and not complex_open and "Arguments Cmod" not in header:
        header = _after_imports(header, CMOD)
        done.append("Arguments Cmod")
    axioms = [name for names in _ASSUMED.findall(_without_comments(header)) for name in names.split()]
    extra = dict(problem.extra)
    if done:
        extra["adaptations"] = [*extra.get("adaptations", []), *done]
    allowed = tuple(dict.fromkeys([*problem.allowed_axioms, *axioms]))
    return replace(problem, header=header, allowed_axioms=allowed, extra=extra)


def _after_imports(header: str, sentences: str) -> str:
    imports = list(_LAST_IMPORT.finditer(header))
    place = imports[-1].end() if imports else 0
    return header[:place] + sentences + header[place:]


# ---------------------------------------------------------------------------------------------- Lean and Isabelle


def read_lean(text: str, where: str) -> tuple[str, str]:
    """Header and statement of a `.lean` file; the statement ends in `:= by`, without the proof."""
    start = _last(re.compile(r"^(?:/--(?:(?!-/).)*-/\s*)?(?:theorem|lemma)\s", re.MULTILINE | re.DOTALL), text, where)
    statement = re.sub(r"\bsorry\s*\Z", "", text[start:]).rstrip()
    if not statement.endswith((":= by", ":=")):
        raise UserError(f"{where}: expected a theorem that ends in `:= by sorry`")
    return text[:start], statement + "\n"


_ISABELLE_PROOF = re.compile(r"(?<!\S)(?:proof|by|sorry|oops|using|unfolding|apply|including|supply)\b")


def read_isabelle(text: str, where: str) -> tuple[str, str]:
    """Header and statement of a `.thy` file; the statement ends before its proof."""
    start = _last(re.compile(r"^(?:theorem|lemma)\b", re.MULTILINE), text, where)
    quoted = re.sub(r'"[^"]*"', lambda match: re.sub(r"[^\n]", "q", match.group()), text)
    end = _ISABELLE_PROOF.search(quoted, start)
    if end is None:
        raise UserError(f"{where}: no proof or `sorry` after the theorem")
    return text[:start], text[start : end.start()].rstrip() + "\n"


def _last(pattern: re.Pattern[str], text: str, where: str) -> int:
    found = [match.start() for match in pattern.finditer(text)]
    if not found:
        raise UserError(f"{where}: no theorem in this file")
    return found[-1]
