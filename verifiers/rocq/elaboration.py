"""Problems in canonical form: elaborated by the prover, identified by content, independent of what a file calls things.

A header is taken apart (`headers`), the prover prints what it made of each definition and of the statement, and the
canonical form is computed from that (`canonical`). Then the prover reads the canonical sources and statements back.

Invariant: what is returned was read back, and elaborates to the same canonical text. A problem for which that fails
keeps its whole header as an opaque prelude: always sound, only less sharing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain import Const, Definition, Elaboration, Message, Problem, Reason, UserError, Verdict
from verifiers.audit.refusals import Unterminated
from verifiers.audit.rocq.sentences import split
from verifiers.audit.words import ParseError
from verifiers.canonical import Draft, content, in_order
from verifiers.rocq.canonical import canon, canonical_text, prelude_id
from verifiers.rocq.headers import AuthorStatement, Header, opaque, read_statement, take_apart
from verifiers.rocq.printed import groups_of, introduced, parameters_of, says, to_print, type_part
from verifiers.rocq.session import Session
from verifiers.rocq.terms import parse_typed, render


@dataclass(frozen=True, slots=True)
class Ran:
    """What the prover said to each sentence; `failed` is the index of the one that it refused, -1 for the header."""

    outputs: tuple[str, ...]
    failed: int | None = None
    message: str = ""
    reason: Reason = "does_not_compile"


Run = Callable[[str, str], Ran]
"""Runs a text after a header, and forgets it."""

_SHOW_ALL = "Set Printing All. Set Printing Depth 100000. Set Asymmetric Patterns."
"""With asymmetric patterns, one printed without `@` leaves out the parameters and nothing else."""
_SHOW_SENTENCES = 3
_LOCATED = re.compile(r"(?:Constant|Inductive|Constructor) ([\w.']+)(\s+\(shorter name)?")


def run_in(session: Session, seconds: float = 20.0) -> Run:
    """A session as what elaboration needs: its base follows the header."""

    def run(header: str, text: str) -> Ran:
        if session.base != header:
            loaded = session.load(header)
            if not loaded.ok:
                return Ran((), -1, f"the header: {loaded.error}", loaded.reason or "does_not_compile")
        outcome = session.run(text, seconds, goals=False)
        starts = [sentence.start for sentence in split(text)]
        outputs = dict.fromkeys(starts, "")
        for message in outcome.messages:
            at = max([start for start in starts if start <= message.start], default=-1)
            if message.level == "notice" and at >= 0:
                outputs[at] += message.text
        failed = None if outcome.ok else starts.index(outcome.failed_at) if outcome.failed_at in outputs else -1
        return Ran(tuple(outputs.values()), failed, outcome.error, outcome.reason or "does_not_compile")

    return run


class _RefusedError(Exception):
    """The prover refused a problem's own text."""

    def __init__(self, ran: Ran) -> None:
        super().__init__(ran.message)
        self.ran = ran


class Elaborator:
    """Elaborates problems through a prover; remembers what it has read back and which names a prelude holds."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._read_back: dict[str, set[str]] = defaultdict(set)
        self._library: dict[str, dict[str, str]] = defaultdict(dict)

    def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
        """The canonical form of each problem, in order; a verdict `error` for one that the prover refuses."""
        results: dict[int, Elaboration | Verdict] = {}
        statements: dict[int, AuthorStatement] = {}
        headers: dict[int, Header] = {}
        for index, problem in enumerate(problems):
            try:
                statements[index] = read_statement(problem)
            except (UserError, Unterminated) as error:
                results[index] = _refusal(Ran((), -1, str(error), "malformed"))
                continue
            try:
                headers[index] = take_apart(problem.header) or opaque(problem)
                if statements[index].before:
                    headers[index] = opaque(problem)
            except Unterminated as error:
                results[index] = _refusal(Ran((), -1, f"in the header, {error}", "malformed"))
        self._look_up(headers.values())
        drafts: dict[int, Draft] = {}
        for index in sorted(headers, key=lambda index: headers[index].prelude):
            try:
                drafts[index] = self._draft(problems[index], headers[index], statements[index])
            except (_RefusedError, ParseError):
                continue
        done = self._verify(drafts)
        results |= {index: draft.finished(prelude_id) for index, draft in done.items()}
        for index, statement in statements.items():
            if index not in results:
                results[index] = self._elaborate_whole(problems[index], statement)
        return [results[index] for index in range(len(problems))]

    # ------------------------------------------------------------------------------------------------ first reading

    def _look_up(self, headers: Iterable[Header]) -> None:
        """Ask which names of the headers mean something in the prelude already."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for header in headers:
            names = {name for introduction in header.introductions for name in introduction.names}
            wanted[header.prelude] |= names - self._library[header.prelude].keys()
        for prelude, names in sorted(wanted.items()):
            self._locate(prelude, sorted(names))

    def _locate(self, prelude: str, names: Sequence[str]) -> None:
        known = self._library[prelude]
        unknown = [name for name in names if name not in known]
        if not unknown:
            return
        ran = self._run(prelude, "\n".join([f"Locate {name}." for name in unknown]))
        known |= dict.fromkeys(unknown, "")
        for name, output in zip(unknown, ran.outputs, strict=False):
            for found in _LOCATED.finditer(output):
                if found.group(2) is None and found.group(1).endswith("." + name):
                    known[name] = found.group(1)

    def _draft(self, problem: Problem, header: Header, statement: AuthorStatement) -> Draft:
        queries = [name for introduction in header.introductions for name in to_print(introduction)]
        text = "\n".join(
            [
                *(part for part in (header.body, statement.before, statement.sentence) if part),
                "Admitted.",
                _SHOW_ALL,
                *[f"Print {name}." for name in queries],
                f"Check @{statement.name}.",
            ]
        )
        ran = self._run(header.prelude, text)
        if ran.failed is not None:
            raise _RefusedError(ran)
        outputs = list(ran.outputs[len(ran.outputs) - len(queries) - 1 :])
        groups = groups_of(header.introductions, outputs)
        own = [name for group in groups for name in group.names]
        self._locate(header.prelude, own)
        shadowed = {name: full for name, full in self._library[header.prelude].items() if full and name in own}

        def library(name: str) -> str:
            short = name.rpartition(".")[2]
            return short if short != name and f".{shadowed.get(short, '')}".endswith("." + name) else name

        table = canon(library)
        for group in groups:
            table.add(group)
        term = table.term(parse_typed(f"x{type_part(outputs[-1])}", parameters_of(groups)).type)
        own_names = shadowed | {canonical: name for name, canonical in table.names.items()}
        return Draft(problem, header.prelude, tuple(table.definitions), own_names, term, render(term))

    # ------------------------------------------------------------------------------------------------ reading back

    def _verify(self, drafts: Mapping[int, Draft]) -> dict[int, Draft]:
        """Those drafts whose definitions and statement the prover reads back as the same."""
        by_prelude: dict[str, dict[int, Draft]] = defaultdict(dict)
        for index, draft in drafts.items():
            by_prelude[draft.prelude][index] = draft
        good: dict[int, Draft] = {}
        for prelude, group in sorted(by_prelude.items()):
            good |= self._verify_prelude(prelude, group)
        return good

    def _verify_prelude(self, prelude: str, drafts: Mapping[int, Draft]) -> dict[int, Draft]:
        left = dict(drafts)
        while left:
            definitions = in_order(definition for draft in left.values() for definition in draft.definitions)
            new = [one for one in definitions if one.id not in self._read_back[prelude]]
            statements = list(left)
            lines = [
                *[definition.source for definition in definitions],
                _SHOW_ALL,
                *[f"Print {name}." for definition in new for name in to_print(introduced(definition))],
                *[f"Check ({left[index].statement_exact})." for index in statements],
            ]
            ran = self._run(prelude, "\n".join(lines))
            if ran.failed is not None:
                bad = self._refused(ran.failed, definitions, new, statements)
                if bad is None:
                    return {}
                left = {i: draft for i, draft in left.items() if i != bad and bad not in _ids(draft)}
                continue
            outputs = list(ran.outputs[len(definitions) + _SHOW_SENTENCES :])
            wrong = self._differing(new, outputs)
            self._read_back[prelude] |= {definition.id for definition in new} - wrong
            last = outputs[len(outputs) - len(statements) :]
            same = {i for i, output in zip(statements, last, strict=True) if says(output, left[i].statement_exact)}
            return {i: draft for i, draft in left.items() if i in same and not wrong & _ids(draft)}
        return {}

    def _refused(
        self, failed: int, definitions: Sequence[Definition], new: Sequence[Definition], statements: Sequence[int]
    ) -> int | str | None:
        """The definition's id or the problem's index that a refused sentence belongs to."""
        printed = [definition for definition in new for _ in to_print(introduced(definition))]
        owners: list[int | str | None] = [definition.id for definition in definitions]
        owners += [None] * _SHOW_SENTENCES
        owners += [definition.id for definition in printed]
        owners += statements
        return owners[failed] if 0 <= failed < len(owners) else None

    def _differing(self, definitions: Sequence[Definition], outputs: Sequence[str]) -> set[str]:
        wrong: set[str] = set()
        at = 0
        for definition in definitions:
            introduction = introduced(definition)
            count = len(to_print(introduction))
            try:
                group = groups_of([introduction], outputs[at : at + count])[0]
                if canonical_text(canon().shape(group)) != content(definition):
                    wrong.add(definition.id)
            except ParseError:
                wrong.add(definition.id)
            at += count
        return wrong

    # ------------------------------------------------------------------------------------------------ whole headers

    def _elaborate_whole(self, problem: Problem, statement: AuthorStatement) -> Elaboration | Verdict:
        """The problem with its whole header as prelude; the author's own words where nothing else is read back."""
        header = opaque(problem)
        before = "\n".join([part for part in (header.prelude, statement.before) if part])
        header = Header(before, "", ())
        try:
            draft = self._draft(problem, header, AuthorStatement("", statement.name, statement.sentence, False, ""))
            if done := self._verify_prelude(header.prelude, {0: draft}):
                return done[0].finished(prelude_id)
        except _RefusedError as refused:
            return _refusal(refused.ran)
        except ParseError:
            pass  # a form of term that is not modelled: the author's own words stand for it
        exact = statement.type_text
        ran = self._run(header.prelude, f"Check ({exact}).")
        if ran.failed is not None:
            return _refusal(ran)
        return Draft(problem, header.prelude, (), {}, Const(f"({exact})"), exact).finished(prelude_id)


def elaborate(run: Run, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
    """The canonical form of each problem, in order; a verdict `error` for one that the prover refuses."""
    return Elaborator(run).elaborate(problems)


def _refusal(ran: Ran) -> Verdict:
    return Verdict("error", ran.reason, "none", (Message("error", ran.message),))


def _ids(draft: Draft) -> set[int | str]:
    return {definition.id for definition in draft.definitions}
