"""Lean problems in canonical form: elaborated by the prover, identified by content, independent of names.

A header is taken apart (`headers`), the prover prints what it made of each definition and statement (`printed`), and
the canonical form is computed from that (`verifiers.canonical`). Then the prover reads the canonical commands and
statements back.

Invariant: what is returned was read back, and is shown as the same canonical text. A problem for which that fails keeps
its whole header as an opaque prelude: always sound, only less sharing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from domain import Const, Definition, Elaboration, Message, Problem, Reason, Term, UserError, Verdict
from term_algebra import alpha_normal, rename_constants
from verifiers.audit.lean.uses import SHOW_ALL
from verifiers.audit.words import ParseError
from verifiers.canonical import Draft, Group, canonical_text, content, in_order
from verifiers.lean.canonical import WRITER, canon, prelude_id
from verifiers.lean.headers import AuthorStatement, Header, Introduction, opaque, read_statement, take_apart
from verifiers.lean.printed import Reading, definition_body, queries
from verifiers.lean.reader import lean_name
from verifiers.lean.terms import render, render_name

MOST_TOGETHER = 40
"""Statements of one header that are elaborated in one file."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Lean said to one command: what it printed, and its first error if it refused the command."""

    output: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """The answers to the commands of a file in order; `failure` is set where the file as a whole has none."""

    answers: tuple[Answer, ...]
    failure: str | None = None
    reason: Reason = "does_not_compile"


Run = Callable[[str, Sequence[str]], Ran]
"""Runs commands after a header, in a file of their own."""


class Elaborator:
    """Elaborates problems through a prover; remembers which definitions it has read back under a prelude."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._read_back: dict[str, set[str]] = defaultdict(set)

    def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
        """The canonical form of each problem, in order; a verdict `error` for one that the prover refuses."""
        results: dict[int, Elaboration | Verdict] = {}
        statements: dict[int, AuthorStatement] = {}
        by_header: dict[Header, list[int]] = defaultdict(list)
        for index, problem in enumerate(problems):
            try:
                statements[index] = read_statement(problem)
            except UserError as error:
                results[index] = _refusal(Ran((), str(error), "malformed"))
                continue
            try:
                by_header[take_apart(problem.header) or opaque(problem)].append(index)
            except UserError as error:
                results[index] = _refusal(Ran((), f"the header: {error}", "malformed"))
        drafts: dict[int, Draft] = {}
        for header, indices in by_header.items():
            for start in range(0, len(indices), MOST_TOGETHER):
                some = indices[start : start + MOST_TOGETHER]
                drafts |= self._drafts(header, {index: (problems[index], statements[index]) for index in some})
        results |= {index: draft.finished(prelude_id) for index, draft in self._verify(drafts).items()}
        for index, statement in statements.items():
            if index not in results:
                results[index] = self._elaborate_whole(problems[index], statement)
        return [results[index] for index in range(len(problems))]

    # ------------------------------------------------------------------------------------------------ first reading

    def _drafts(self, header: Header, asked: Mapping[int, tuple[Problem, AuthorStatement]]) -> dict[int, Draft]:
        """Drafts of problems with one header; none for those that are refused or not understood."""
        bodies: dict[str, Term] = {}
        commands = [
            *([header.body] if header.body else []),
            *[_in_namespace(index, statement) for index, (_, statement) in asked.items()],
            *SHOW_ALL,
        ]
        asks = [
            *[query for introduction in header.introductions for query in queries(introduction)],
            *[_question(index, statement) for index, (_, statement) in asked.items()],
        ]
        ran = self._run(header.prelude, [*commands, *asks])
        if ran.failure is not None or (header.body and ran.answers[0].error is not None):
            return {}
        while True:
            try:
                drafts, missing = self._read(header, asked, ran, bodies)
            except ParseError:
                return {}
            if not missing:
                return drafts
            found = self._bodies(header.prelude, commands, sorted(missing))
            if not missing <= found.keys():
                return {}
            bodies |= found

    def _bodies(self, prelude: str, commands: Sequence[str], names: Sequence[str]) -> dict[str, Term]:
        """The bodies of the matchers that some commands make; those that are understood."""
        ran = self._run(prelude, [*commands, *[f"#print {name}" for name in names]])
        found: dict[str, Term] = {}
        for name, answer in zip(names, ran.answers[len(ran.answers) - len(names) :], strict=False):
            try:
                found[name] = definition_body(answer.output)
            except ParseError:
                continue
        return found

    def _read(
        self, header: Header, asked: Mapping[int, tuple[Problem, AuthorStatement]], ran: Ran, bodies: Mapping[str, Term]
    ) -> tuple[dict[int, Draft], set[str]]:
        """Drafts from what was printed, and the matchers whose bodies are missing for it."""
        answers = list(ran.answers[1 if header.body else 0 :])
        stated = dict(zip(asked, answers, strict=False))
        rest = answers[len(asked) + len(SHOW_ALL) :]
        reading = Reading(bodies)
        groups: list[Group] = []
        for introduction in header.introductions:
            count = len(queries(introduction))
            groups.append(reading.group(introduction, tuple([answer.output for answer in rest[:count]])))
            rest = rest[count:]
        terms: dict[int, Term] = {}
        for (index, _), answer in zip(asked.items(), rest, strict=True):
            if stated[index].error is None:
                try:
                    terms[index] = reading.statement(answer.output)
                except ParseError:
                    continue
        if reading.missing:
            return {}, reading.missing
        table = canon()
        for group in groups:
            table.add(group)
        own_names = {canonical: lean_name(name) for name, canonical in table.names.items()}
        drafts: dict[int, Draft] = {}
        for index, term in terms.items():
            normal = table.term(term)
            definitions = tuple(table.definitions)
            problem = asked[index][0]
            drafts[index] = Draft(problem, header.prelude, definitions, own_names, normal, render(normal))
        return drafts, set()

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
        definitions = in_order([definition for draft in drafts.values() for definition in draft.definitions])
        new = [one for one in definitions if one.datatypes or one.id not in self._read_back[prelude]]
        introduced = [_introduction(definition) for definition in new]
        commands = [
            *[definition.source for definition in definitions],
            *[f"theorem Asked{index} : {draft.statement_exact} := sorry" for index, draft in drafts.items()],
            *SHOW_ALL,
            *[query for introduction in introduced for query in queries(introduction)],
            *[f"#check @Asked{index}" for index in drafts],
        ]
        bodies: dict[str, Term] = {}
        short = {render_name(name): name for definition in definitions for name in definition.names}
        while True:
            ran = self._run(prelude, commands)
            if ran.failure is not None:
                return {}
            answers = list(ran.answers)
            refused = {d.id for d, answer in zip(definitions, answers, strict=False) if answer.error is not None}
            stated = dict(zip(drafts, answers[len(definitions) :], strict=False))
            rest = answers[len(definitions) + len(drafts) + len(SHOW_ALL) :]
            reading = Reading(bodies)
            wrong = self._differing(new, introduced, rest, reading, short) | refused
            good: dict[int, Draft] = {}
            for (index, draft), answer in zip(drafts.items(), rest[len(rest) - len(drafts) :], strict=True):
                if stated[index].error is None and _says(reading, answer.output, draft.statement_exact, short):
                    good[index] = draft
            absent = reading.missing - bodies.keys()
            if not absent:
                break
            found = self._bodies(prelude, commands, sorted(absent))
            if not absent <= found.keys():
                return {}
            bodies |= found
        self._read_back[prelude] |= {definition.id for definition in new} - wrong
        return {i: draft for i, draft in good.items() if not wrong & {one.id for one in draft.definitions}}

    def _differing(
        self,
        definitions: Sequence[Definition],
        introduced: Sequence[Introduction],
        answers: Sequence[Answer],
        reading: Reading,
        short: Mapping[str, str],
    ) -> set[str]:
        """Ids of the definitions that are not shown as they were written."""
        wrong: set[str] = set()
        at = 0
        for definition, introduction in zip(definitions, introduced, strict=True):
            count = len(queries(introduction))
            try:
                group = reading.group(introduction, tuple([answer.output for answer in answers[at : at + count]]))
                names = {name: short.get(name, name) for name in group.names}
                group = group.map(lambda term: rename_constants(term, short), names)
                if canonical_text(canon().shape(group), WRITER) != content(definition):
                    wrong.add(definition.id)
            except ParseError:
                wrong.add(definition.id)
            at += count
        return wrong

    # ------------------------------------------------------------------------------------------------ whole headers

    def _elaborate_whole(self, problem: Problem, statement: AuthorStatement) -> Elaboration | Verdict:
        """The problem with its whole header as prelude; the author's own words where nothing else is read back."""
        header = opaque(problem)
        drafts = self._drafts(header, {0: (problem, statement)})
        if done := self._verify_prelude(header.prelude, drafts) if drafts else {}:
            return done[0].finished(prelude_id)
        ran = self._run(header.prelude, [_in_namespace(0, statement)])
        refused = ran.failure or next((answer.error for answer in ran.answers if answer.error), None)
        if refused is not None:
            return _refusal(Ran((), refused, ran.reason))
        exact = statement.type_text
        return Draft(problem, header.prelude, (), {}, Const(f"({exact})"), exact).finished(prelude_id)


def elaborate(run: Run, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
    """The canonical form of each problem, in order; a verdict `error` for one that the prover refuses."""
    return Elaborator(run).elaborate(problems)


def _in_namespace(index: int, statement: AuthorStatement) -> str:
    """The statement, assumed, where no other problem's name is in the way."""
    return f"namespace Asked{index}\n{statement.sentence} := sorry\nend Asked{index}"


def _question(index: int, statement: AuthorStatement) -> str:
    return f"#check @Asked{index}.{statement.name.removeprefix('_root_.')}"


def _introduction(definition: Definition) -> Introduction:
    return Introduction(bool(definition.datatypes), definition.names[0])


def _refusal(ran: Ran) -> Verdict:
    return Verdict("error", ran.reason, "none", (Message("error", ran.failure or ""),))


def _says(reading: Reading, output: str, statement_exact: str, short: Mapping[str, str]) -> bool:
    try:
        term = reading.statement(output)
    except ParseError:
        return False
    return render(alpha_normal(rename_constants(term, short))) == statement_exact
