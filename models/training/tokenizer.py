"""The tokenizer: byte-level BPE, so that any text has tokens and every token a number of bytes.

Invariant: the same texts in the same order give the same tokenizer, whichever process trains it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|end|>"
"""The one special token: it stands before a document, after it, and ends what is generated."""

FILE = "tokenizer.json"
SMALLEST, LARGEST = 257, 4096
"""The smallest vocabulary has every byte and END."""


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A tokenizer with at most `vocabulary` tokens; few texts may not hold that many pairs worth a token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def byte_lengths(tokenizer: Tokenizer) -> np.ndarray:
    """(vocabulary) int64: the bytes of text that each token stands for; 0 for END."""
    # Each character of a token's name stands for one byte.
    lengths = np.zeros(tokenizer.get_vocab_size(), dtype=np.int64)
    for name, token in tokenizer.get_vocab().items():
        lengths[token] = 0 if name == END else len(name)
    return lengths


def save_tokenizer(tokenizer: Tokenizer, folder: Path, context: int) -> None:
    """Write it as a Hugging Face tokenizer; `context` is the longest sequence of the model beside it."""
    tokenizer.save(str(folder / FILE))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "bos_token": END,
        "pad_token": END,
        "model_max_length": context,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer that `save_tokenizer` wrote."""
    return Tokenizer.from_file(str(folder / FILE))
