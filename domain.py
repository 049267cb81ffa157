"""The value types that cross rooms: frozen dataclasses, no input or output, no import of another room.

Terms are elaborated terms: what a prover prints when every implicit argument and notation is spelled out. Proposers
work on these and never on one prover's text. Inside a run every global constant has a *canonical name* that derives
from the content of its definition, so nothing in the product can depend on what a file calls its functions.

Long because it is the one vocabulary of all rooms: many types of a few lines each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Prover: TypeAlias = Literal["rocq", "lean4", "isabelle"]
VerdictKind: TypeAlias = Literal["accepted", "rejected", "timeout", "error"]

Trust: TypeAlias = Literal["none", "elaborated", "audited", "rechecked"]
"""How far a verdict can be trusted, in rising order. Only `audited` and `rechecked` may be called accepted."""

Reason: TypeAlias = Literal[
    "proved",
    "forbidden_construct",
    "wrong_statement",
    "axiom",
    "typing_flag",
    "does_not_compile",
    "timeout",
    "memory",
    "output",
    "malformed",
    "prover_error",
]

# ---------------------------------------------------------------------------------------------------------- terms


@dataclass(frozen=True, slots=True)
class Var:
    """A variable bound by an enclosing binder, a hypothesis of the goal, or (with a leading `?`) a hole."""

    name: str


@dataclass(frozen=True, slots=True)
class Const:
    """A global name: a type, a constructor, a function or a lemma."""

    name: str


@dataclass(frozen=True, slots=True)
class Sort:
    """`Prop`, `Set` or `Type`."""

    name: str


@dataclass(frozen=True, slots=True)
class App:
    """An application in spine form: `function` is never itself an `App`, `arguments` is never empty."""

    function: Term
    arguments: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Forall:
    """Dependent product; an arrow is a `Forall` whose name is `_`."""

    name: str
    type: Term
    body: Term


@dataclass(frozen=True, slots=True)
class Lambda:
    name: str
    type: Term
    body: Term


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    value: Term
    type: Term | None
    body: Term


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a match: a constructor applied to variables (`_` where unused, type parameters included)."""

    constructor: str
    variables: tuple[str, ...]
    body: Term


@dataclass(frozen=True, slots=True)
class Match:
    """`returns` is the return type as printed; `binders` are the names of its `as` and `in` clauses, if any."""

    scrutinee: Term
    branches: tuple[Branch, ...]
    returns: Term | None = None
    as_name: str | None = None
    in_pattern: Term | None = None


@dataclass(frozen=True, slots=True)
class FixFunction:
    name: str
    parameters: tuple[tuple[str, Term], ...]
    structural: str | None
    type: Term
    body: Term


@dataclass(frozen=True, slots=True)
class Fix:
    """`functions` are mutually recursive; the value is the one called `chosen`."""

    functions: tuple[FixFunction, ...]
    chosen: str


Term: TypeAlias = Var | Const | Sort | App | Forall | Lambda | Let | Match | Fix


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A variable or a named assumption of a goal; `value` is set for a local definition."""

    name: str
    type: Term
    value: Term | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """What is left to prove. Hypotheses are in the prover's order, so each may mention those before it."""

    hypotheses: tuple[Hypothesis, ...]
    conclusion: Term


# ---------------------------------------------------------------------------------------- problems and definitions


@dataclass(frozen=True, slots=True)
class Problem:
    """A formal statement to prove, as its author wrote it.

    `header` holds imports and definitions, `formal_statement` the statement without a proof. Unknown fields of the
    source record are kept in `extra`.
    """

    name: str
    prover: Prover
    header: str
    formal_statement: str
    split: str | None = None
    informal_prefix: str | None = None
    informal_proof: str | None = None
    source: str | None = None
    goal: str | None = None
    allowed_axioms: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Constructor:
    """A constructor of a datatype; `type` is its whole type, parameters of the datatype included."""

    name: str
    type: Term


@dataclass(frozen=True, slots=True)
class Datatype:
    name: str
    type: Term
    parameters: int
    """How many leading arguments of the type and of each constructor are parameters of the whole datatype."""
    constructors: tuple[Constructor, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A global constant with a body: a `Fix` when recursive, otherwise any term."""

    name: str
    type: Term
    body: Term


@dataclass(frozen=True, slots=True)
class Definition:
    """A datatype or function, or a mutually recursive group of them, identified by its content.

    `names` are the canonical names that it introduces; `source` is one vernacular sentence that introduces them
    under those names; `readable` are the names that the first file gave them, in the same order. `uses` are ids of
    definitions that it mentions. `datatypes` and `functions` are its structure in canonical names.
    """

    id: str
    prover: Prover
    kind: Literal["datatype", "function"]
    names: tuple[str, ...]
    readable: tuple[str, ...]
    source: str
    canonical_text: str
    uses: tuple[str, ...]
    datatypes: tuple[Datatype, ...] = ()
    functions: tuple[Function, ...] = ()


@dataclass(frozen=True, slots=True)
class Elaboration:
    """A problem in canonical form.

    `definitions` are those of its header, in dependency order. `prelude` is what the header holds beside them.
    `own_names` maps every canonical name to the name in the problem's own header. `statement` is the elaborated,
    alpha-normal statement in canonical names, and `statement_exact` its text, which the prover reads back. `reached`
    are ids of the definitions that the statement reaches, directly or through others, sorted. `tactics` are those of
    automation's that the header brings; `unread` says what was not understood and stays as its author wrote it.
    """

    problem: Problem
    prelude_id: str
    prelude: str
    definitions: tuple[Definition, ...]
    own_names: Mapping[str, str]
    statement: Term
    statement_exact: str
    reached: tuple[str, ...]
    tactics: tuple[str, ...] = ()
    unread: str = ""


# ------------------------------------------------------------------------------------------- candidates and verdicts


@dataclass(frozen=True, slots=True)
class Lemma:
    """A verified statement with its proof, kept in the library.

    `id` hashes (prover, prelude id, reached definition ids, `statement_exact`). `proof` is a tactic block in
    canonical names, without `Proof.` and `Qed.`; the prover knows the lemma as `canonical_name`.
    """

    id: str
    revision: int
    prover: Prover
    name: str
    prelude_id: str
    definition_ids: tuple[str, ...]
    statement: str
    statement_exact: str
    term: Term
    proof: str
    uses: tuple[str, ...]
    dedup_key: str
    origin_kind: str
    origins: tuple[str, ...]
    parents: tuple[str, ...]
    operator: str
    round: int
    attempt_id: str
    prover_version: str
    axioms: tuple[str, ...] = ()
    seconds: float = 0.0
    retired_by: str | None = None

    @property
    def canonical_name(self) -> str:
        return f"l{self.id[:16]}"


def is_canonical_lemma(name: str) -> bool:
    """Whether a name is one that `Lemma.canonical_name` gives."""
    return re.fullmatch(r"l[0-9a-f]{16}", name) is not None


@dataclass(frozen=True, slots=True)
class Development:
    """Lemmas over one header, each after those that it uses; `preamble` is tactics that their proofs may call."""

    header: str
    preamble: str
    lemmas: tuple[Lemma, ...]
    allowed_axioms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Unverified source text offered for exactly `problem`'s statement.

    `proof` is a whole text (auxiliary lemmas, then the theorem) or only a tactic block. `lemmas` are library lemmas
    that it may name, in dependency order; a warm check assumes them, an audit compiles them with their proofs.
    `preamble` is tactic definitions that proofs of either may call; it is put in front of both, and linted like them.
    """

    problem: Problem
    proof: str
    lemmas: tuple[Lemma, ...] = ()
    preamble: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What the prover said; `start` and `end` are offsets in characters into the candidate's text, or -1."""

    level: Literal["error", "warning", "notice", "info", "debug"]
    text: str
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification says of a candidate. `uses` names the lemmas that the proof term itself contains."""

    verdict: VerdictKind
    reason: Reason
    trust: Trust
    messages: tuple[Message, ...] = ()
    axioms: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    seconds: float = 0.0
    prover: str = ""

    @property
    def accepted(self) -> bool:
        """Whether it counts: a warm session's success is worth an audit, not the word."""
        return self.verdict == "accepted" and self.trust in ("audited", "rechecked")


@dataclass(frozen=True, slots=True)
class Replay:
    """The state after a prefix of a proof, or before the step that stopped it; the first error says where that is.

    `open` counts all open goals and `focused` those that the next step sees (a bullet hides the others); a goal that
    could not be read is counted, but is not among `goals`.
    """

    ok: bool
    goals: tuple[Goal, ...] = ()
    messages: tuple[Message, ...] = ()
    open: int = 0
    focused: int = 0
    seconds: float = 0.0
    """CPU seconds of the prover."""


# ---------------------------------------------------------------------------------------------- the language model


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked. `opening` is how its answer has to begin; the model continues from there."""

    system: str
    user: str
    opening: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model answered, the prompt's `opening` included. It is text to be verified, nothing more.

    `finish` is `stop` (ended by itself or at a stop string), `length` (cut at the token limit), `too_long` (the prompt
    did not fit into the context) or `budget` (not generated: the token budget is spent); in the last two `text` is
    empty.
    """

    text: str
    tokens_in: int
    tokens_out: int
    finish: Literal["stop", "length", "too_long", "budget"]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Which model answered: `version` names the engine and a fingerprint of the weights, or what the server says."""

    name: str
    kind: Literal["vllm", "endpoint"]
    version: str


class UserError(Exception):
    """The user's mistake: one line that says what, where and how to mend it. Commands exit with code 2."""


class OutsideError(Exception):
    """Something outside failed: a prover is missing, a model did not start, a disk is full. Exit code 3."""
