"""Token files on disk, and the sequences that are read from them.

Documents are written one after the other, END before each, and cut into sequences wherever these end; a sequence may
hold parts of several documents, which see each other. Invariant: which sequences a step reads is a function of the seed
and the step alone, so a resumed training reads what an uninterrupted one would have read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from models.training.tokenizer import END

TYPE = np.dtype("<u2")
"""A token on disk: two bytes, the low one first."""

_TOGETHER = 64
"""Documents that are encoded at once."""


def write_tokens(documents: Iterable[str], tokenizer: Tokenizer, file: Path) -> int:
    """Encode documents into a file; returns the number of tokens, those of END included."""
    end = np.array([tokenizer.token_to_id(END)], dtype=TYPE)
    written = 0
    texts = iter(documents)
    with file.open("wb") as sink:
        while batch := list(islice(texts, _TOGETHER)):
            for encoded in tokenizer.encode_batch(batch):
                tokens = np.concatenate((end, np.array(encoded.ids, dtype=TYPE)))
                sink.write(tokens.tobytes())
                written += len(tokens)
    return written


class TokenFile:
    """A file of tokens, mapped into memory and cut into sequences that overlap by one token: input and target."""

    def __init__(self, file: Path, context: int, seed: int) -> None:
        self.tokens = np.memmap(file, dtype=TYPE, mode="r") if file.stat().st_size else np.zeros(0, TYPE)
        self.context = context
        self.seed = seed
        self.sequences = max(0, (len(self.tokens) - 1) // context)
        self._epoch = -1
        self._order = np.zeros(0, np.int64)

    def read(self, numbers: Iterable[int]) -> np.ndarray:
        """(sequences, context + 1) int64: the sequences with these numbers."""
        width = self.context
        return np.stack([self.tokens[n * width : (n + 1) * width + 1] for n in numbers]).astype(np.int64)

    def order(self, epoch: int) -> np.ndarray:
        """The numbers of all sequences in the order in which an epoch reads them."""
        if epoch != self._epoch:
            self._epoch, self._order = epoch, np.random.default_rng((self.seed, epoch)).permutation(self.sequences)
        return self._order

    def draw(self, first: int, count: int) -> np.ndarray:
        """(count, context + 1): sequences `first`, `first + 1`, … of the endless row of shuffled epochs."""
        places = (divmod(place, self.sequences) for place in range(first, first + count))
        return self.read([int(self.order(epoch)[place]) for epoch, place in places])

    def sample(self, tokens: int, batch: int) -> Iterator[np.ndarray]:
        """Batches of sequences with about so many tokens, at least one sequence and at most each once."""
        count = max(1, min(self.sequences, tokens // self.context))
        chosen = np.sort(self.order(0)[:count])
        for first in range(0, count, batch):
            yield self.read([int(number) for number in chosen[first : first + batch]])
