"""LEGO-Prover's store of skills, made again from its description: what `bench/library.py` compares with.

One JSON file holds all skills. A new one is compared with each of them by `difflib`, is dropped at the first ratio of
0.85, and otherwise the whole file is written again; its embedding goes into a vector index, which retrieval asks. The
original gets its embeddings (ada-002, 1,536 numbers) from a service; here words are hashed into as many numbers, which
costs next to nothing, and the call is not counted. The vector index is Chroma's own, `hnswlib` with Chroma's settings,
where that is installed, and otherwise an exact scan.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
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

    def insert(self, text: str) -> bool:
        """Whether the text is new."""
        for skill in self.skills.values():
            if SequenceMatcher(None, skill["code"], text).ratio() >= ALIKE:
                return False
        self._keep(text)
        vector = embedding(text)[None, :]
        for index in self.indexes:
            index.add(vector)
        self._write()
        return True

    def retrieve(self, text: str, k: int, index: ExactIndex | GraphIndex) -> list[str]:
        return [self.skills[self._names[number]]["code"] for number in index.nearest(embedding(text), k)]

    def _keep(self, text: str) -> None:
        name = f"skill_{len(self._names)}"
        self.skills[name] = {"code": text, "description": ""}
        self._names.append(name)

    def _write(self) -> None:
        self.path.write_text(json.dumps(self.skills, indent=4), encoding="utf-8")
