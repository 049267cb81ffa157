"""LeanDojo Benchmark 4 as ReProver was measured on it: declarations, what a theorem may be given, what a tactic names.

The declarations stand in the index of `library_store` as lemmas whose only definition is their file, so that what
a theorem may be given is what it imports. Names are cut into the words that they are made of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from datasets.leandojo import Position, SourceFile, Step
from library_store.retrieval.bm25 import Bm25, IndexedStatement
from library_store.retrieval.hybrid import DEPTH, SimilarProofs

_WORD = re.compile(r"[^\W\d][\w'.]*|[^\w\s\"()]+")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@cache
def pieces(word: str) -> tuple[str, ...]:
    """A word, and the words that it is made of: `mul_comm` also as `mul` and `comm`."""
    found = tuple(piece.lower() for piece in _PIECE.findall(word))
    return (word, *found) if found and found != (word,) else (word,)


def words(text: str) -> Counter[str]:
    return Counter(piece for word in _WORD.findall(text) for piece in pieces(word))


def state_words(state: str) -> Counter[str]:
    """The words of a proof state, those of its goals three times: hypotheses are many and most are of no use."""
    goals = [line for line in state.splitlines() if line.startswith("⊢")]
    return words("\n".join([state, *goals, *goals]))


class Corpus:
    """The declarations as lemmas whose only definition is their file: a theorem has the files that it imports."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self.declarations = Bm25()
        self._files = {file.path: file for file in files}
        self._last: tuple[str, frozenset[str]] = ("", frozenset())
        for file in files:
            for declaration in file.premises:
                found = words(f"{declaration.full_name} {declaration.code}")
                identity = f"{file.path}:{declaration.start[0]}:{declaration.start[1]} {declaration.full_name}"
                self.declarations.add(identity, IndexedStatement(found, sum(found.values())), (file.path,), 1)

    def imported(self, path: str) -> frozenset[str]:
        """A file and all that it imports."""
        if self._last[0] != path:
            found = {path}
            waiting = [path]
            while waiting:
                file = self._files.get(waiting.pop())
                new = [] if file is None else [one for one in file.imports if one not in found]
                found.update(new)
                waiting += new
            self._last = (path, frozenset(found))
        return self._last[1]

    def at(self, path: str, position: Position) -> str | None:
        """The first declaration whose text a place lies in, as LeanDojo looks it up."""
        file = self._files.get(path)
        for one in [] if file is None else file.premises:
            if one.start <= position <= one.end:
                return f"{path}:{one.start[0]}:{one.start[1]} {one.full_name}"
        return None

    def later(self, step: Step) -> frozenset[str]:
        """What its own file declares from the theorem on."""
        file = self._files.get(step.path)
        return frozenset(
            f"{step.path}:{one.start[0]}:{one.start[1]} {one.full_name}"
            for one in ([] if file is None else file.premises)
            if one.end > step.start
        )

    def wanted(self, step: Step) -> frozenset[str]:
        places = [self.at(premise.def_path, premise.def_pos) for premise in step.premises]
        return frozenset(place for place in places if place is not None)

    def rankings(self, step: Step, proofs: SimilarProofs) -> dict[str, list[str]]:
        tokens = list(state_words(step.state).elements())
        files, later = self.imported(step.path), self.later(step)
        most = DEPTH + len(later)
        lexical = [one.id for one in self.declarations.retrieve(tokens, files, most, None)]
        voted = [vote.id for vote in proofs.votes(tokens) if vote.id.partition(":")[0] in files]
        found = {"lexical": lexical, "proofs": voted}
        return {name: [one for one in ranked if one not in later][:DEPTH] for name, ranked in found.items()}


def counted(found: Counter[str]) -> IndexedStatement:
    return IndexedStatement(found, sum(found.values()))
