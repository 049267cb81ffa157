"""Lean problems in canonical form: elaborated by the prover, identified by content, independent of names.

A header is taken apart (`headers`), the prover prints what it made of each definition and statement (`printed`), and
the canonical form is computed from that (`verifiers.canonical`). Then the prover reads the canonical commands and
statements back.

Invariant: what is returned was read back, and is shown as the same canonical text. A problem for which that fails keeps
its whole header as prelude, whose types and functions are looked at where they can be read, or in the end its author's
own words: always sound, only less sharing. `Elaboration.unread` says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain import Const, Definition, Elaboration, Message, Problem, Term, UserError, Verdict
from term_algebra import alpha_normal, constants, rename_constants
from verifiers.audit.lean.uses import SHOW_ALL
from verifiers.audit.words import ParseError
from verifiers.canonical import Draft, Group, canonical_text, content, in_order
from verifiers.lean.asking import Answer, Ran, Run
from verifiers.lean.automation import CLOSERS
from verifiers.lean.canonical import WRITER, canon, core_groups, looked_at, prelude_id
from verifiers.lean.headers import AuthorStatement, Header, Introduction, read_statement, take_apart
from verifiers.lean.matches import is_helper
from verifiers.lean.premises import looping_rules, premise_tactics
from verifiers.lean.printed import Reading, definition_body, queries
from verifiers.lean.reader import lean_name
from verifiers.lean.terms import render, render_name

MOST_TOGETHER = 40
"""Statements of one header that are elaborated in one file."""

_Asked = dict[int, tuple[Problem, AuthorStatement]]  # problems of one header by their place among all


class Elaborator:
    """Elaborates problems through a prover; remembers which definitions it has read back under a prelude."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._read_back: dict[str, set[str]] = defaultdict(set)
        self._tactics: dict[str, tuple[str, ...]] = {}
        self._results: dict[int, Elaboration | Verdict] = {}
        self._unread: dict[int, str] = {}

    def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
        """The canonical form of each problem, in order; a verdict `error` for one that the prover refuses."""
        self._results, self._unread = {}, {}
        by_header: dict[str, _Asked] = defaultdict(dict)
        for index, problem in enumerate(problems):
            try:
                by_header[problem.header][index] = (problem, read_statement(problem))
            except UserError as error:
                self._results[index] = _refusal(Ran((), str(error), "malformed"))
        headers: dict[str, Header] = {}
        for text, asked in by_header.items():
            try:
                headers[text] = take_apart(text)
            except UserError as error:
                refusal = _refusal(Ran((), f"the header: {error}", "malformed"))
                self._results |= dict.fromkeys(asked, refusal)
        batches = [
            (text, dict(list(by_header[text].items())[start : start + MOST_TOGETHER]))
            for text in headers
            for start in range(0, len(by_header[text]), MOST_TOGETHER)
        ]
        self._canonical([(headers[text], asked) for text, asked in batches])
        again = [(self._whole(headers[text], text, asked), asked) for text, asked in batches if not headers[text].whole]
        self._canonical(again)
        for text, asked in batches:
            self._as_written(text, self._left(asked))
        return [self._results[index] for index in range(len(problems))]

    def _left(self, asked: _Asked) -> _Asked:
        return {index: one for index, one in asked.items() if index not in self._results}

    def _whole(self, header: Header, text: str, asked: _Asked) -> Header:
        """The header kept whole, for what was not understood of it."""
        needed = f"it has `{header.spared}`, which more than the signs in it rests on" if header.spared else ""
        otherwise = needed or "it is not read back as it was"
        why = next((why for index in asked if (why := self._unread.get(index))), otherwise)
        return Header(text.strip(), "", header.introductions, why)

    def _canonical(self, batches: Sequence[tuple[Header, _Asked]]) -> None:
        """Elaborates what can be read, and read back, of problems with these headers: prelude by prelude, so that
        the process that has read one is used while it is there."""
        by_prelude: dict[str, list[tuple[Header, _Asked]]] = defaultdict(list)
        for header, asked in batches:
            if left := self._left(asked):
                by_prelude[header.prelude].append((header, left))
        for prelude, group in by_prelude.items():
            drafts: dict[int, Draft] = {}
            for header, left in group:
                drafts |= self._drafts(header, left)
            for index, draft in (self._verify(prelude, drafts) if drafts else drafts).items():
                self._finish(index, draft)

    # ------------------------------------------------------------------------------------------------ first reading

    def _drafts(self, header: Header, asked: _Asked) -> dict[int, Draft]:
        """Drafts of problems with one header; none for those that are refused or not understood."""
        bodies: dict[str, Term] = {}
        commands = [
            *([header.body] if header.body else []),
            *[statement.assumed(index) for index, (_, statement) in asked.items()],
            *SHOW_ALL,
        ]
        asks = [
            *[query for introduction in header.introductions for query in queries(introduction)],
            *[statement.question(index) for index, (_, statement) in asked.items()],
        ]
        ran = self._run(header.prelude, [*commands, *asks])
        if ran.failure is not None or (header.body and ran.answers[0].error is not None):
            return {}
        while True:
            try:
                drafts, missing = self._read(header, asked, ran, bodies)
            except ParseError as error:
                self._unread |= dict.fromkeys(asked, str(error))
                return {}
            if not missing:
                return drafts
            found = self._bodies(header.prelude, commands, sorted(missing))
            lost = sorted(missing - found.keys())
            if names := ", ".join(filter(is_helper, lost)):
                self._unread |= dict.fromkeys(asked, f"a match by cases is not understood: {names}")
                return {}
            bodies |= found | {name: Const(name) for name in lost}  # an instance that stays

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
        self, header: Header, asked: _Asked, ran: Ran, bodies: Mapping[str, Term]
    ) -> tuple[dict[int, Draft], set[str]]:
        """Drafts from what was printed, and the matchers whose bodies are missing for it."""
        answers = list(ran.answers[1 if header.body else 0 :])
        stated = dict(zip(asked, answers, strict=False))
        rest = answers[len(asked) + len(SHOW_ALL) :]
        reading = Reading(bodies, bool(header.whole))
        groups: list[Group] = []
        unread = [f"its header is kept whole: {header.whole}"] if header.whole else []
        for introduction in header.introductions:
            count = len(queries(introduction))
            try:
                groups += reading.groups(introduction, tuple([answer.output for answer in rest[:count]]))
            except ParseError as error:
                if not header.whole:
                    raise
                unread.append(f"{introduction.name} is not read: {error}")
            rest = rest[count:]
        terms: dict[int, Term] = {}
        for index, answer in zip(asked, rest, strict=True):
            if (refused := stated[index].error) is not None:
                self._results[index] = _refusal(Ran((), asked[index][1].advice(refused)))
                continue
            try:
                terms[index] = reading.statement(answer.output)
            except ParseError as error:
                self._unread[index] = str(error)
        if reading.missing:
            return {}, reading.missing
        mentioned = frozenset[str]().union(*[one.mentioned for one in groups], *map(constants, terms.values()))
        if header.whole:
            definitions = tuple(looked_at(header.prelude, [*core_groups(mentioned), *groups]))
            own_names = {name: lean_name(name) for one in definitions for name in one.names}
            normals = {index: alpha_normal(term) for index, term in terms.items()}
        else:
            table = canon(mentioned)
            for group in groups:
                table.add(group)
            definitions = tuple(table.definitions)
            own_names = {canonical: lean_name(name) for name, canonical in table.names.items()}
            normals = {index: table.term(term) for index, term in terms.items()}
        told = "; ".join(unread)
        return {
            index: Draft(asked[index][0], header.prelude, definitions, own_names, normal, render(normal), told)
            for index, normal in normals.items()
        }, set()

    # ------------------------------------------------------------------------------------------------ reading back

    def _verify(self, prelude: str, drafts: Mapping[int, Draft]) -> dict[int, Draft]:
        """Those drafts whose definitions and statement the prover reads back as the same."""
        everything = [definition for draft in drafts.values() for definition in draft.definitions]
        definitions = in_order([definition for definition in everything if definition.source])
        new = [one for one in definitions if one.datatypes or one.id not in self._read_back[prelude]]
        introduced = [Introduction(bool(one.datatypes), one.names[0]) for one in new]
        commands = [
            *[definition.source for definition in definitions],
            *[f"theorem Asked{index} : {draft.statement_exact} := sorry" for index, draft in drafts.items()],
            *SHOW_ALL,
            *[query for introduction in introduced for query in queries(introduction)],
            *[f"#check @Asked{index}" for index in drafts],
        ]
        probes = list(CLOSERS.values()) if prelude not in self._tactics else []
        bodies: dict[str, Term] = {}
        short = {render_name(name): name for definition in definitions for name in definition.names}
        while True:
            ran = self._run(prelude, [*commands, *probes])
            if ran.failure is not None:
                return {}
            answers = list(ran.answers[: len(commands)])
            if probes:
                self._note_tactics(prelude, ran.answers[len(commands) :])
                probes = []
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

    def _note_tactics(self, prelude: str, answers: Sequence[Answer]) -> None:
        """Notes which tactics a prelude brings (each was tried on what it proves), and those that use its theorems."""
        if not answers or prelude in self._tactics:  # the header failed, or was looked at before
            return
        tried = zip(CLOSERS, answers, strict=False)
        brought = [tactic for tactic, answer in tried if answer.error is None]
        self._tactics[prelude] = (*brought, *premise_tactics(prelude, looping_rules(prelude, self._run)))

    # ------------------------------------------------------------------------------------------------ as written

    def _as_written(self, header: str, asked: _Asked) -> None:
        """Problems in their author's words, where the prover takes them."""
        if not asked:
            return
        statements = [statement.assumed(index) for index, (_, statement) in asked.items()]
        ran = self._run(header.strip(), [*statements, *CLOSERS.values()])
        self._note_tactics(header.strip(), ran.answers[len(statements) :])
        for number, (index, (problem, statement)) in enumerate(asked.items()):
            refused = ran.failure or ran.answers[number].error
            if refused is not None:
                self._results[index] = _refusal(Ran((), statement.advice(refused), ran.reason))
                continue
            unread = f"the statement is not read: {self._unread.get(index, 'it is not read back as it was')}"
            exact = statement.type_text
            self._finish(index, Draft(problem, header.strip(), (), {}, Const(f"({exact})"), exact, unread))

    def _finish(self, index: int, draft: Draft) -> None:
        self._results[index] = replace(draft.finished(prelude_id), tactics=self._tactics.get(draft.prelude, ()))


def _refusal(ran: Ran) -> Verdict:
    return Verdict("error", ran.reason, "none", (Message("error", ran.failure or ""),))


def _says(reading: Reading, output: str, statement_exact: str, short: Mapping[str, str]) -> bool:
    try:
        term = reading.statement(output)
    except ParseError:
        return False
    return render(alpha_normal(rename_constants(term, short))) == statement_exact
