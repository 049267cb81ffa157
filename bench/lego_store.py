"""LEGO-Prover's store of skills, made again from what its code does: what `bench/library.py` compares with.

The code (wiio12/LEGO-Prover, `agents/skill.py`) keeps all skills in one JSON file. Provers and evolvers are processes
that share it, so each operation reads it anew: a retrieval once, after it asked the vector index; an insert before it
compares and again before it writes. A new skill is compared with all by `difflib.get_close_matches` and dropped at a
ratio of 0.85; otherwise the whole file is written again, and its embedding goes into the index. `get_close_matches`
asks two cheap bounds before it computes a ratio; `known` can leave them out: a plain scan.

The original gets its embeddings (ada-002, 1,536 numbers) from a service; here words are hashed into as many numbers,
which costs next to nothing, and the call is not counted. Neither is its file of requests, which it reads as often. The
index is Chroma's own, `hnswlib` with Chroma's settings, where that is installed, and otherwise an exact scan.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import Sequence
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 1536
ALIKE = 0.85

Vectors = NDArray[np.float32]


def embedding(text: str) -> Vectors:
    """A unit vector of the words of a text."""
    vector = np.zeros(DIMENSIONS, np.float32)
    for word in re.findall(r"\w+|[^\w\s]", text):
        code = crc32(word.encode())
        vector[code % DIMENSIONS] += 1.0 if code & 1 << 20 else -1.0
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


class ExactIndex:
    """Compares with every vector."""

    name = "exact scan"

    def __init__(self, most: int) -> None:
        self._vectors = np.zeros((most, DIMENSIONS), np.float32)
        self._count = 0

    def add(self, vectors: Vectors) -> None:
        self._vectors[self._count : self._count + len(vectors)] = vectors
        self._count += len(vectors)

    def nearest(self, vector: Vectors, k: int) -> list[int]:
        products = self._vectors[: self._count] @ vector
        best = np.argpartition(products, -k)[-k:]
        return best[np.argsort(-products[best])].tolist()


class GraphIndex:
    """Chroma's index with Chroma's defaults: hierarchical navigable small worlds, M 16, construction 100, search 10."""

    name = "hnswlib"

    def __init__(self, most: int) -> None:
        self._index: Any = importlib.import_module("hnswlib").Index(space="l2", dim=DIMENSIONS)
        self._index.init_index(max_elements=most, M=16, ef_construction=100)
        self._index.set_ef(10)

    def add(self, vectors: Vectors) -> None:
        self._index.add_items(vectors, num_threads=1)

    def nearest(self, vector: Vectors, k: int) -> list[int]:
        labels, _ = self._index.knn_query(vector[None, :], k=k, num_threads=1)
        return labels[0].tolist()


class LegoStore:
    def __init__(self, folder: Path, most: int) -> None:
        self.path = folder / "skills.json"
        self.skills: dict[str, dict[str, str]] = {}
        self._names: list[str] = []
        self.indexes: list[ExactIndex | GraphIndex] = [ExactIndex(most)]
        if importlib.util.find_spec("hnswlib"):
            self.indexes.append(GraphIndex(most))

    def load(self, texts: Sequence[str]) -> None:
        """Takes the texts as they are, without comparing them."""
        for text in texts:
            self._keep(text)
        vectors = np.array([embedding(text) for text in texts])
        for index in self.indexes:
            index.add(vectors)
        self._write()

    def known(self, text: str, *, bounds: bool = True) -> bool:
        """Whether a skill is at least `ALIKE` to the text."""
        self._read()
        markers = [skill["marker"] for skill in self.skills.values()]
        if bounds:
            return bool(get_close_matches(text, markers, n=1, cutoff=ALIKE))
        matcher = SequenceMatcher(None, "", text)
        alike = False
        for marker in markers:
            matcher.set_seq1(marker)
            alike = matcher.ratio() >= ALIKE or alike
        return alike

    def add(self, text: str) -> None:
        """Takes a text that is not known."""
        self._read()
        self._keep(text)
        vector = embedding(text)[None, :]
        for index in self.indexes:
            index.add(vector)
        self._write()

    def retrieve(self, text: str, k: int, index: ExactIndex | GraphIndex) -> list[str]:
        found = index.nearest(embedding(text), k)
        self._read()
        return [self.skills[self._names[number]]["full_code"] for number in found]

    def _keep(self, text: str) -> None:
        name = f"skill_{len(self._names)}"
        self.skills[name] = {"marker": text, "description": "", "full_code": text}
        self._names.append(name)

    def _read(self) -> None:
        self.skills = json.loads(self.path.read_text(encoding="utf-8"))

    def _write(self) -> None:
        self.path.write_text(json.dumps(self.skills), encoding="utf-8")
