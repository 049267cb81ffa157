"""Honest proofs to hold the audit against: the bundled suite's, and the standard library's own.

Lemmas of the installed library are read from its sources when the tests run. Each becomes a problem whose header is
what stood before it (imports, scopes, notations of its own) and the library file itself; variables of a section become
binders. Those that the bare prover does not accept in this form are left out, whatever the reason.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from domain import Candidate, Problem
from verifiers.audit.rocq.sentences import normal_text, split

STEPS = ("step1", "step2", "step3")
_LEMMA = re.compile(r"(?:Theorem|Lemma|Fact|Corollary|Proposition|Remark|Property)\s+([^\W\d][\w']*)")
_SCENE = re.compile(
    r"(?:#\[local\] |Local )?"
    r"(?:Require|From|Import|Export|Open|Close|Notation|Infix|Set|Unset|Generalizable)\b"
)
_VARIABLES = re.compile(r"(?:Variables?|Hypothes[ei]s|Context)\s+(.*)\.", re.DOTALL)
_OPENS = re.compile(r"(Section|Module(?: Type)?) ([\w']+)")


class Honest(NamedTuple):
    """A proof that was written to prove what it proves."""

    name: str
    candidate: Candidate


@cache
def library() -> Path:
    """The folder of the installed library's sources."""
    said = subprocess.run(["coqc", "-where"], capture_output=True, text=True, check=True).stdout.strip()
    return Path(said) / "theories"


def bundled(repository: Path) -> list[Honest]:
    """The problems of the bundled suite with their reference proofs, helpers included."""
    found: list[Honest] = []
    for step in STEPS:
        text = (repository / "tests" / "datasets" / "bundled_proofs" / f"{step}.v").read_text()
        proved = {lemma.name: lemma.text for lemma in _lemmas(text)}
        sentences = [one.text for one in split(text)]
        made = {start[1]: one for one in sentences if (start := re.match(r"(?:Fixpoint|Definition) ([\w']+)", one))}
        for line in (repository / "datasets" / "bundled" / f"{step}.jsonl").read_text().splitlines():
            record = json.loads(line)
            problem = Problem(record["name"], "rocq", record["header"], record["formal_statement"])
            missing = {name: one for name, one in made.items() if f" {name} " not in record["header"]}
            proof = _with_helpers(missing | proved, record["name"])
            found.append(Honest(record["name"], Candidate(problem, proof)))
    return found


class _Written(NamedTuple):
    name: str
    rest: str
    """The sentence from behind the name on."""
    body: str
    scene: tuple[str, ...]
    binders: str

    @property
    def text(self) -> str:
        return f"Lemma {self.name}{self.rest}\n{self.body}"


def _with_helpers(texts: Mapping[str, str], name: str) -> str:
    """A text after those that it names, directly or not, in the order given."""
    wanted, waiting = {name}, [name]
    while waiting:
        words = set(re.findall(r"[\w']+", texts[waiting.pop()]))
        new = (words & texts.keys()) - wanted
        wanted |= new
        waiting += new
    return "\n".join(texts[one] for one in texts if one in wanted)


def _lemmas(text: str) -> Iterator[_Written]:
    """The lemmas of a file outside modules, each with what was said before it and the variables of its sections."""
    levels: list[tuple[str, list[str], list[str]]] = [("", [], [])]
    sentences = [sentence.text for sentence in split(text)]
    at = 0
    while at < len(sentences):
        sentence, normal = sentences[at], normal_text(sentences[at])
        at += 1
        opens = _OPENS.match(normal)
        if opens and ":=" not in normal:
            levels.append((opens[1], [], []))
        elif normal.startswith("End ") and len(levels) > 1:
            levels.pop()
        elif variables := _VARIABLES.fullmatch(normal):
            listed = variables[1]
            levels[-1][2].append(listed if listed[0] in "({`[" else f"({listed})")
        elif _SCENE.match(normal):
            levels[-1][1].append(normal)
        elif (found := _LEMMA.match(sentence)) and ":=" not in normal:
            ends = next((i for i in range(at, len(sentences)) if _closes(sentences[i])), len(sentences))
            body = "\n".join(sentences[at : ends + 1])
            at = ends + 1
            if all(kind != "Module" and kind != "Module Type" for kind, _, _ in levels):
                scene = tuple(one for _, scenes, _ in levels for one in scenes)
                binders = " ".join(one for _, _, variables in levels for one in variables)
                yield _Written(found[1], sentence[found.end() :], body, scene, binders)


def _closes(sentence: str) -> bool:
    """Whether a sentence ends a proof; `Proof term.` is a proof from beginning to end."""
    return sentence in ("Qed.", "Defined.") or re.match(r"Proof\s+(?!using\b|with\b)\S", sentence) is not None


@cache
def of_library(file: str) -> tuple[Honest, ...]:
    """The propositions of a library file, like `Lists/List`, that the bare prover proves again by their own scripts."""
    module = "Coq." + file.replace("/", ".")
    groups: dict[str, list[_Written]] = defaultdict(list)
    for lemma in _lemmas((library() / f"{file}.v").read_text()):
        header = "\n".join([f"Require Import {module}.", *lemma.scene])
        groups[header].append(lemma)
    found: list[Honest] = []
    for header, lemmas in groups.items():
        for lemma in _accepted(header, lemmas):
            statement = f"Theorem goal {lemma.binders}{lemma.rest}"
            problem = Problem("goal", "rocq", header, statement)
            found.append(Honest(f"{file}:{lemma.name}", Candidate(problem, f"{statement}\n{lemma.body}")))
    return tuple(found)


def _accepted(header: str, lemmas: list[_Written]) -> list[_Written]:
    """Those that an interactive prover, which goes on after an error, has defined in the end."""
    lines = [header]
    for number, lemma in enumerate(lemmas):
        lines += [f"Theorem goal_{number} {lemma.binders}{lemma.rest}", lemma.body, "Abort All."]
    for number in range(len(lemmas)):
        lines += [f"Definition claim_{number} : Prop := ltac:(let t := type of goal_{number} in exact t)."]
    lines += [f"About claim_{number}." for number in range(len(lemmas))]
    command = ["coqtop", "-q", "-w", "none", "-color", "no"]
    text = "\n".join([*lines, ""])
    with tempfile.TemporaryDirectory() as folder:  # `lia` leaves a file where it runs
        finished = subprocess.run(
            command, input=text, capture_output=True, text=True, check=False, timeout=600, cwd=folder
        )
    said = finished.stdout
    defined = set(re.findall(r"^claim_(\d+) is transparent", said, re.MULTILINE))
    return [lemma for number, lemma in enumerate(lemmas) if str(number) in defined]
