"""A Lean file of the user's own: its holes, and what of the proofs that were found the whole file takes.

The problem's header is the file above the statement, each command in the first column, in which theorems that have a
`sorry` are axioms. So a proof may rest on a hole above; it is `conditional` while that one is open. A file in a lake
project is read with that project.

Invariant: as in `own_file`; the judge is `verifiers.audit.lean.development`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from domain import Candidate, Problem, UserError, is_canonical_lemma
from library_store.schema import ProblemState
from pipeline.development.lean_goal import GAPS, goal_at
from pipeline.development.lean_lemmas import lemmas
from pipeline.development.lean_variables import Variables
from pipeline.development.own_file import Hole, Judged, Language, Left, OwnFile, line_of, text_of
from verifiers.audit.lean.development import SORRY, OwnFiles
from verifiers.audit.lean.headers import BRACKETS, Command, commands, declared, parse_header
from verifiers.audit.lean.own_proofs import Spot, hidden_block, old_proof
from verifiers.audit.lean.scan import Token, scan
from verifiers.audit.lean.source import parse_statement
from verifiers.audit.lean.toolchain import COMMAND_VARIABLE, PROJECT_VARIABLE, LeanSettings
from verifiers.audit.refusals import Malformed, Unterminated
from verifiers.audit.sandbox import Sandbox
from verifiers.lean.headers import read_statement
from verifiers.lean.own_names import identifiers, renamed
from verifiers.lean.plainer import plainer
from verifiers.lean.steps import LeanSteps
from verifiers.lean.verifier import LeanVerifier

PROJECT_FILES = ("lakefile.lean", "lakefile.toml")

_INLINE = re.compile(
    r"^(?P<indent>[ \t]*(?:[·.] +)*)(?P<step>\S.*?):=[ \t]*(?:by[ \t]+)?(?P<gap>sorry|admit)[ \t]*$", re.MULTILINE
)

_TERM = re.compile(
    r"^(?P<indent>[ \t]*(?:[·.] +)*)(?:exact|refine)[ \t]+(?P<term>(?!.*\bby\b).*\b(?:sorry|admit)\b.*)$", re.MULTILINE
)
_TERM_PROOF = re.compile(r"\A:=\s*(?!by\b)(?=.*\b(?:sorry|admit)\b)(?P<term>.+)\Z")


class _Theorem(NamedTuple):
    """A theorem with a hole in its proof: its statement, and where that and its proof begin."""

    scene: tuple[str, ...]
    """What stands before it with an `in`."""
    word: int
    statement: str
    binds: tuple[str, ...]
    """The names that it binds before its colon."""
    proof: int


def read(path: Path) -> OwnFile:
    """A Lean file of the user's, with its holes, which Lean reads in its project. Raises `UserError` otherwise."""
    own = read_file(path)
    if own.holes:
        in_project(path)
        refused = OwnFiles(Sandbox(), LeanSettings.from_environment()).refused(own.text)
        if refused is not None:
            place = f"{path}:{refused.line}" if refused.line else path
            raise UserError(f"{place}: Lean refuses the file as it stands: {refused.message}")
    return own


def in_project(path: Path) -> None:
    """Lets the Lean of the lake project answer in which a file lies, where the environment names no other."""
    if COMMAND_VARIABLE in os.environ or PROJECT_VARIABLE in os.environ:
        return
    folders = path.resolve().parents
    project = next((one for one in folders if any((one / name).is_file() for name in PROJECT_FILES)), None)
    if project is not None:
        os.environ[PROJECT_VARIABLE] = str(project)


def read_file(path: Path) -> OwnFile:
    """The text of a Lean file, with its holes. Raises `UserError`."""
    text = text_of(path)
    try:
        _ = parse_header(text)
        known = declared(text, nested=True)
    except (Malformed, Unterminated) as error:
        place = f"{path}:{line_of(text, error.at)}" if error.at >= 0 else path
        said = str(error).replace("the header", "the file").removeprefix("in the file, ")
        raise UserError(f"{place}: not read: {said}") from None
    if (hidden := hidden_block(text)) is not None:
        raise UserError(
            f"{path}:{line_of(text, hidden)}: not read: a block begins or ends here inside another command: give it a "
            "line of its own, in the column of its block"
        )
    holes: list[Hole] = []
    left: list[Left] = []
    above: list[str] = []
    at, unsound, mutual = 0, "", False
    variables = Variables()
    for there, name in known:
        column = _column(text, there.start)
        between, at = text[at : there.start - column], there.end
        line = line_of(text, there.start)
        command = there._replace(text=re.sub(rf"\n[ \t]{{1,{column}}}", "\n", there.text)) if column else there
        if column and any(token.kind == "string" and "\n" in token.text for token in scan(there.text).tokens):
            unsound = unsound or f"line {line} above has a text of several lines, in which columns count"
        variables.read(command)
        kept = command.text
        mutual = command.word == "mutual" or (mutual and command.word != "end")
        if any(token.text in GAPS for token in scan(command.text).tokens):
            theorem = "a `sorry` in a `mutual` block" if mutual else _theorem(command)
            if isinstance(theorem, _Theorem):
                if unsound:
                    left.append(Left(line, unsound))
                else:
                    header = "".join([*above, "\n", *(f"{said}\n" for said in theorem.scene)])
                    asked = variables.bound(theorem.statement, theorem.scene, theorem.binds)
                    place = {"file": path.name, "line": line} | _begun(asked, command.text[theorem.proof :])
                    problem = Problem(name, "lean4", header.lstrip("\n"), asked, extra=place)
                    number = [token.start for token in scan(command.text).tokens].index(theorem.proof)
                    begin = there.start + scan(there.text).tokens[number].start
                    mixed = old_proof(text, Spot(name, there.start, begin, there.end))
                    if mixed is None:
                        holes.append(Hole(problem, begin, there.end))
                    else:
                        left.append(Left(line, mixed))
                        unsound = f"line {line} above has a proof that is not told from what follows"
                kept = f"{command.text[: theorem.word]}{theorem.statement.replace('theorem', 'axiom', 1)}"
            else:
                left.append(Left(line, theorem))
                if command.word == "example":
                    continue
                unsound = unsound or f"line {line} above has a `sorry` that is not the proof of a theorem of its own"
        above += [between, kept]
    return OwnFile(path, text, tuple(holes), tuple(left))


def judge(own: OwnFile, states: Mapping[str, ProblemState], say: Callable[[str], None]) -> Judged:
    """The proofs that the file compiles with, what they rest on there, and why others are left out."""
    del say
    settings = LeanSettings.from_environment()
    starts = {name: command.start for command, name in declared(own.text, nested=True)}
    spots = [Spot(hole.problem.name, starts[hole.problem.name], hole.begin, hole.end) for hole in own.holes]
    verifier = LeanVerifier(settings)
    try:
        offers = {
            name: [
                proof.replace("\n", f"\n{' ' * _column(own.text, starts[name])}") for proof in _texts(state, verifier)
            ]
            for name, state in states.items()
        }
    finally:
        verifier.close()
    found = OwnFiles(Sandbox(), settings).judge(own.text, spots, offers)
    changes: dict[str, dict[str, Any]] = {
        name: {"status": "open", "proof": None, "axioms": [], "uses": [], "reason": why}
        for name, why in found.dropped.items()
    }
    direct = {name: {spot.name for spot in spots} & set(state.axioms) for name, state in states.items()}
    for name, proof in found.proofs.items():
        axioms = set(found.axioms[name])
        changes[name] = {"proof": proof, "axioms": sorted(axioms - {SORRY})}
        if SORRY in axioms:
            changes[name] |= {"status": "conditional", "rests_on": _open(name, direct, found.proofs) or ["a `sorry`"]}
    return Judged(found.proofs, changes)


def _column(text: str, at: int) -> int:
    """The column of a place before which there are only blanks in its line; 0 where there is more."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return 0 if before.strip() else len(before)


def _open(name: str, direct: Mapping[str, set[str]], proved: Container[str]) -> list[str]:
    """The holes without a proof on which that of a hole rests, through others too."""
    found: set[str] = set()
    seen = {name}
    todo = [name]
    while todo:
        new = direct.get(todo.pop(), set[str]()) - seen
        seen |= new
        found |= {one for one in new if one not in proved}
        todo += [one for one in new if one in proved]
    return sorted(found)


# ------------------------------------------------------------------------------------------------------- one theorem


def _theorem(command: Command) -> _Theorem | str:
    """A theorem that has a hole, or why a command is none that can be tried."""
    if command.word == "example":
        return "an `example` has no name: make it a theorem"
    if command.word not in ("theorem", "lemma"):
        return f"a `sorry` in `{command.word}`: only theorems in the first column, or that of their block, are tried"
    tokens = scan(command.text).tokens
    word = next(number for number, token in enumerate(tokens) if token.text == command.word)
    proof = _proof(command.text, tokens, word + 1)
    if proof is None:
        return "its proof does not begin with `:=` or `|`"
    statement = f"theorem{command.text[tokens[word].end : tokens[proof - 1].end]}"
    try:
        _ = parse_statement(statement)
        binds = read_statement(Problem(tokens[word + 1].text, "lean4", "", statement)).bound
    except (Malformed, UserError) as error:
        return str(error)
    ends = [number for number in range(word) if tokens[number].text == "in"]
    begins = [0, *(number + 1 for number in ends)]
    scene = [command.text[tokens[begin].start : tokens[end - 1].end] for begin, end in zip(begins, ends, strict=False)]
    return _Theorem(tuple(scene), tokens[word].start, statement, binds, tokens[proof].start)


def _proof(text: str, tokens: Sequence[Token], first: int) -> int | None:
    """Where the proof of a theorem begins: `:=` or alternatives outside brackets, none that belongs to a `let`."""
    depth = local = 0
    for number in range(first, len(tokens) - 1):
        token, following = tokens[number], tokens[number + 1]
        depth += BRACKETS.get(token.text, 0)
        if depth:
            continue
        if token.text in ("let", "have"):
            local += 1
        elif token.text == ":" and following.text == "=" and following.start == token.end:
            if not local:
                return number
            local -= 1
        elif token.text == "|":
            line = text[text.rfind("\n", 0, token.start) + 1 :].partition("\n")[0]
            if line.lstrip().startswith("|") and "=>" in line:
                return number
    return None


def _begun(statement: str, proof: str) -> dict[str, str]:
    """The theorem with its proof, if all that is missing in it are steps; nothing where there is only a `sorry`."""
    words = [token.text for token in scan(proof).tokens]
    tactics = _TERM_PROOF.sub(r":= by\n  exact \g<term>", proof)
    whole = _INLINE.sub(_on_its_own, f"{statement} {_TERM.sub(_behind, tactics)}")
    gaps = sum(step.kind == "gap" for step in LeanSteps().steps(whole))
    missing = sum(word in GAPS for word in words)
    rewritten = sum(token.text in GAPS for token in scan(whole).tokens)  # what stood in a comment may be a step by now
    complete = words[:2] == [":", "="] and len(words) > 4 and gaps == missing == rewritten
    return {"begun": whole} if complete else {}


def _on_its_own(found: re.Match[str]) -> str:
    """A `sorry` behind a `:=` as a step of its own."""
    return f"{found['indent']}{found['step']}:= by\n{' ' * (len(found['indent']) + 2)}{found['gap']}"


def _behind(found: re.Match[str]) -> str:
    """A term with a `sorry` in it, and that as a step behind it."""
    term, count = re.subn(r"\b(?:sorry|admit)\b", "?_", found["term"])
    if term.strip() == "?_":
        return f"{found['indent']}sorry"
    steps = "".join(f"\n{' ' * len(found['indent'])}{'· ' if count > 1 else ''}sorry" for _ in range(count))
    return f"{found['indent']}refine {term}{steps}"


def _texts(state: ProblemState, verifier: LeanVerifier) -> Iterator[str]:
    """What may stand in the place of a theorem's proof, plainest first; nothing if a proof needs definitions."""

    def works(text: str) -> bool:
        return verifier.check([Candidate(state.problem, text)])[0].trust == "elaborated"

    begun = state.problem.extra.get("begun", "")
    for text in dict.fromkeys([plainer(state.proof, works, begun), state.proof]):
        *stated, last = commands(_named(text))
        theorem = _theorem(last)
        if isinstance(theorem, str) or any(one.word != "theorem" for one in stated):
            continue
        proof = last.text[theorem.proof :]
        said = "".join(f"\n  have {_indented(one.text.removeprefix('theorem '))}" for one in stated)
        yield re.sub(r"\A:=\s*by\b", lambda begin, said=said: f"{begin.group()}{said}", proof) if said else proof


def _named(text: str) -> str:
    """A text in which the lemmas of a library have names that can be read."""
    found = dict.fromkeys(name for name in identifiers(text) if is_canonical_lemma(name))
    free = (name for number in count(1) if (name := f"aux{number}") not in text)
    return renamed(text, dict(zip(found, free, strict=False)))


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


LEAN = Language("a Lean file", read, judge, lemmas, goal_at)
