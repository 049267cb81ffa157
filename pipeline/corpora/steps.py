"""The steps of the finished proofs of one Rocq file, read by going down it in a warm prover.

Invariant: a row is a tactic that the prover has accepted at the goal in the row, in the file's own surroundings. Of a
proof that does not replay to its end there is no row, but it is counted with its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from datasets.steps import Goal, Step
from pipeline.corpora.proof_pieces import ProofPiece, pieces
from pipeline.development.project.document import Document
from pipeline.development.search.moves import view
from verifiers.audit.rocq.sentences import identifiers, normal_text, uncontrolled
from verifiers.rocq.document import GoalText
from verifiers.rocq.keywords import KEYWORDS
from verifiers.rocq.replay import Refused, Replay

STEP_SECONDS = 60.0
"""CPU seconds of one tactic; a proof with one that takes longer does not replay."""

LOAD_SECONDS = 600.0
"""CPU seconds of what stands between two proofs."""

MOST_SENTENCES = 2000
"""Sentences of a proof; a longer one is not replayed tactic by tactic."""

LONGEST_TACTIC = 2000
"""Characters of a tactic; a longer one has no row."""

LONGEST_TEXT = 10_000
"""Characters of a hypothesis or a conclusion; what is longer is cut, and ends in `CUT`."""

CUT = " …"

MOST_AFTER = 20
"""Goals that a row keeps of those that its tactic made, the first ones."""

LONGEST_MESSAGE = 200
"""Characters of what the prover says against a proof."""

LOADS_NOT = "the file does not load up to it"

_WITH = re.compile(r"Proof with (.*)\.$", re.DOTALL)
_NO_TACTIC = re.compile(
    r"(?:[-+*{}]|\d|\[[^\W\d][\w']*\] ?:|all ?:|par ?:|!|(?:Proof|Unshelve|Show|Check|Print|Search\w*|About|Set|"
    r"Unset|Local|Global|Opaque|Transparent|Arguments|Focus|Unfocus|Existential|Grab|Optimize|Undo|Restart|Fail|Eval|"
    r"Compute|Open|Close|Locate|Notation|Hint|Info|Strategy|Succeed|Test|Ltac|Import|Guarded|Validate)\b)"
)
"""What a sentence of a proof begins with that is no tactic for the first goal: bullets, selectors, commands."""

_WORDS = KEYWORDS.union(
    """apply eapply rewrite erewrite exact eexact intro intros destruct edestruct case ecase elim eelim induction
    einduction inversion inversion_clear simpl cbn cbv lazy unfold fold change pattern assert cut pose remember set
    generalize specialize clear rename auto eauto trivial easy now try repeat first solve reflexivity symmetry
    transitivity split left right constructor econstructor discriminate injection subst assumption contradiction
    exfalso absurd tauto intuition firstorder congruence lia lra nia nra ring field omega f_equal red hnf compute
    vm_compute replace setoid_rewrite move have suff wlog done refine eexists idtac fail progress eassumption
    eqn dependent revert decide equality""".split()  # noqa: SIM905
)
"""Words of tactics that are not looked up; a lemma of such a name is not told either."""


class Failed(NamedTuple):
    """A theorem that did not replay."""

    theorem: str
    reason: str
    message: str


@dataclass
class Recorded:
    """What came of a file."""

    steps: list[Step] = field(default_factory=list[Step])
    theorems: int = 0
    """Finished proofs that were wanted."""
    failed: list[Failed] = field(default_factory=list[Failed])
    left_out: Counter[str] = field(default_factory=Counter[str])
    """Tactics without a row, by reason."""
    stopped: str | None = None
    """What the prover said where the file went on no further, if it did not."""


class FileSteps:
    """Records one file: `library` and `file` are what its rows call it; `wanted` says of which theorems."""

    def __init__(self, library: str, file: str, wanted: Callable[[str], bool]) -> None:
        self._library, self._file, self._wanted = library, file, wanted
        self._known: dict[str, bool] = {}
        """Words, and whether they name something global."""

    def record(self, document: Document, replay: Replay) -> Recorded:
        """The steps of the file. Raises `UserError` if its sections and modules are not understood."""
        found = Recorded()
        every = list(pieces(document))
        for at, piece in enumerate(every):
            counted = found.theorems
            try:
                if isinstance(piece, ProofPiece):
                    self._proof(piece, replay, found)
                else:
                    replay.load(piece, LOAD_SECONDS)
                    self._forget(piece)
            except Refused as refused:
                self._stop(found, every[at + (found.theorems > counted) :], str(refused))
                break
        return found

    def unloaded(self, document: Document, message: str) -> Recorded:
        """What is told of a file of which nothing loads."""
        found = Recorded()
        self._stop(found, list(pieces(document)), message)
        return found

    def _stop(self, found: Recorded, rest: Sequence[ProofPiece | tuple[str, ...]], message: str) -> None:
        """The file goes on no further: the theorems behind are counted, as far as their texts tell."""
        found.stopped = _shortened(message)
        names = [one.name for one in rest if isinstance(one, ProofPiece) and one.is_finished]
        failed = [Failed(name, LOADS_NOT, found.stopped) for name in names if self._wanted(name)]
        found.theorems += len(failed)
        found.failed += failed

    def _proof(self, proof: ProofPiece, replay: Replay, found: Recorded) -> None:
        opened = replay.open(proof.statement, LOAD_SECONDS)
        self._forget([proof.statement])
        if opened is None:
            replay.load((*proof.sentences, *([proof.end] if proof.end else ())), LOAD_SECONDS)
            return
        name = proof.qualified(opened)
        wanted = proof.is_finished and self._wanted(name)
        found.theorems += wanted
        short = len(proof.sentences) <= MOST_SENTENCES
        try:
            rows = self._tactics(name, proof, replay, found) if wanted and short else []
            if not (wanted and short):
                for sentence in proof.sentences:
                    replay.step(sentence, LOAD_SECONDS, shown=False)
            replay.finish(proof.end, LOAD_SECONDS)
        except Refused as refused:
            if wanted:
                found.failed.append(Failed(name, _reason(refused), _shortened(str(refused))))
            replay.give_up(LOAD_SECONDS)
            return
        if wanted and not short:
            found.failed.append(Failed(name, "the proof is too long", f"{len(proof.sentences)} sentences"))
        found.steps += self._named(rows, replay)

    def _tactics(self, name: str, proof: ProofPiece, replay: Replay, found: Recorded) -> list[Step]:
        rows: list[Step] = []
        goals = replay.goals()
        position = 0
        behind = ""
        for sentence in proof.sentences:
            text = uncontrolled(normal_text(sentence))
            ran = replay.step(sentence, STEP_SECONDS, shown=True)
            said = _WITH.match(text)
            behind = f"; {said[1]}" if said is not None else behind
            if goals and not _NO_TACTIC.match(text):
                ends_by_it = text.endswith("...")
                tactic = text.rstrip(".").rstrip() + (behind if ends_by_it else "")
                if len(tactic) > LONGEST_TACTIC:
                    found.left_out["the tactic is too long"] += 1
                else:
                    made = tuple(_goal(one) for one in _made(goals, ran.goals)[:MOST_AFTER])
                    where = (self._library, self._file, name, position, tactic)
                    rows.append(Step(*where, _goal(goals[0]), len(goals), made, (), (), ran.cpu_seconds))
                position += 1
            goals = ran.goals
        return rows

    # ---------------------------------------------------------------------------------------------------- names

    def _named(self, rows: Sequence[Step], replay: Replay) -> list[Step]:
        """The rows with the names that stand in their tactics."""
        words: dict[str, None] = {}
        told: list[tuple[list[str], list[str]]] = []
        for row in rows:
            here = _hypotheses(row.goal)
            new = {name for goal in row.after for name in _hypotheses(goal)} - here
            inside = dict.fromkeys(word.text for word in identifiers(row.tactic))
            local = [word for word in inside if word in here]
            others = [word for word in inside if word not in here and word not in new and word not in _WORDS]
            told.append((others, local))
            words |= dict.fromkeys(others)
        unknown = [word for word in words if word not in self._known]
        if unknown:
            known = replay.known(unknown)
            self._known |= {word: word in known for word in unknown}
        return [
            row._replace(names=tuple(word for word in others if self._known[word]), local_names=tuple(local))
            for row, (others, local) in zip(rows, told, strict=True)
        ]

    def _forget(self, sentences: Sequence[str]) -> None:
        """Asks anew about words that name nothing so far, where these sentences may have changed that."""
        text = "\n".join(sentences)
        if re.search(r"\b(?:Require|Import|Export|Module|Include|End)\b", text):
            self._known.clear()
        for word in identifiers(text):
            self._known.pop(word.text, None)


def _made(before: Sequence[GoalText], after: Sequence[GoalText]) -> Sequence[GoalText]:
    """What a tactic made of the first goal: what stands before those that were there already."""
    others = len(before) - 1
    if others and len(after) < others:  # it has solved others too
        kept = set(before[1:])
        return [goal for goal in after if goal not in kept]
    return after[: len(after) - others]


def _goal(goal: GoalText) -> Goal:
    return Goal(tuple(_cut(one) for one in goal.hypotheses), _cut(goal.conclusion))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - len(CUT)] + CUT


def _hypotheses(goal: Goal) -> set[str]:
    return {name for name, _ in view(GoalText(goal.hypotheses, goal.conclusion)).hypotheses}


def _reason(refused: Refused) -> str:
    if refused.reason != "does_not_compile":
        return refused.reason
    if "niverse" in str(refused):
        return "universes"
    return "a sentence is refused"


def _shortened(message: str) -> str:
    told = " ".join(message.split())
    return told if len(told) <= LONGEST_MESSAGE else told[: LONGEST_MESSAGE - len(CUT)] + CUT
