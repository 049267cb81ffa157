"""The corpus of a training: documents read as a stream, gated, split, then a tokenizer and two token files.

`DIR/corpus/` holds `train.jsonl` and `held_out.jsonl` (the text as it is trained and evaluated on), `tokenizer.json`,
`train.bin`, `held_out.bin` and `manifest.json`. Invariants: the folder appears under its name only when it is whole; no
declaration that the gate refuses is in it (design, invariant 6); no text is both trained on and held out; what is held
out follows from the seed and a document's name, not from what else is read.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from datasets import load
from datasets.texts import Document, problem_texts, read_folder, read_leandojo_texts, read_texts
from domain import OutsideError, Problem, Prover, UserError
from models.training.packing import write_tokens
from models.training.tokenizer import save_tokenizer, train_tokenizer
from pipeline.config import ProblemSource
from pipeline.corpora.rocq import stdlib_folder
from pipeline.loop import problem_sources
from pipeline.training.gate import Gate
from pipeline.training.settings import TextSource, TrainSettings
from verifiers.backend import BACKENDS, backend_of

FOLDER = "corpus"
SPLITS = ("train", "held_out")
MANIFEST = "manifest.json"

Say = Callable[[str], None]


def prepare(settings: TrainSettings, directory: Path, say: Say) -> dict[str, Any]:
    """Make the corpus of a training, unless it is there; returns its manifest.

    Raises:
        UserError: a source is not there, nothing is left to train or to evaluate on, or the corpus that is there is not
            as it was made.
    """
    folder = directory / FOLDER
    if folder.is_dir():
        return _as_made(folder)
    directory.mkdir(parents=True, exist_ok=True)
    whole = Path(tempfile.mkdtemp(prefix=f".{FOLDER}-", dir=directory))
    try:
        manifest = _build(settings, whole, say)
        whole.chmod(0o755)
        whole.rename(folder)
    except BaseException:
        shutil.rmtree(whole, ignore_errors=True)
        raise
    return manifest


def _as_made(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        for name, digest in manifest["sha256"].items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                raise ValueError(f"{name} was changed")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{folder} is not as it was made ({error}): remove it, and it is made again") from error
    return manifest


def _build(settings: TrainSettings, folder: Path, say: Say) -> dict[str, Any]:
    gate = Gate(_held_out_problems(settings.hold_out))
    read = _split(settings, gate, folder, say)
    for split in SPLITS:
        if not read[split]["bytes"]:
            other = "raise held_out.share" if split == "held_out" else "lower held_out.share"
            raise UserError(f"no text is left for the split {split}: add to `corpus`, {other}, or take another seed")
    limit = int(settings.tokenizer.sample_mib * 2**20)
    tokenizer = train_tokenizer(_beginning(_texts(folder / "train.jsonl"), limit), settings.tokenizer.vocabulary)
    save_tokenizer(tokenizer, folder, settings.recipe.context)
    for split in SPLITS:
        texts = _texts(folder / f"{split}.jsonl")
        read[split]["tokens"] = write_tokens(texts, tokenizer, folder / f"{split}.bin")
        if read[split]["tokens"] <= settings.recipe.context:
            raise UserError(
                f"the split {split} has {read[split]['tokens']} tokens, and a sequence {settings.recipe.context}: "
                "lower recipe.context, or add to `corpus`"
            )
    manifest: dict[str, Any] = read | {"vocabulary": tokenizer.get_vocab_size(), "held_out_problems": len(gate)}
    manifest["sha256"] = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    for split in SPLITS:
        told = manifest[split]
        say(f"{split}: {told['documents']:,} documents, {told['bytes']:,} bytes, {told['tokens']:,} tokens")
    return manifest


def _split(settings: TrainSettings, gate: Gate, folder: Path, say: Say) -> dict[str, Any]:
    """Write the text of both splits; returns the counts."""
    counts = {split: {"documents": 0, "bytes": 0} for split in SPLITS}
    told: list[dict[str, Any]] = []
    seen: set[bytes] = set()
    cut = copies = 0
    with (folder / "train.jsonl").open("w") as train, (folder / "held_out.jsonl").open("w") as held_out:
        sinks: dict[str, TextIO] = {"train": train, "held_out": held_out}
        for source in settings.corpus:
            label = _label(source)
            opened = _open(source, settings.seed)
            if opened.missing:
                say(f"{label} is left out: {opened.missing}")
                told.append({"source": label, "documents": 0, "bytes": 0, "left_out": opened.missing})
                continue
            documents = size = 0
            for document in opened.documents:
                passed = gate.passes(document)
                cut += passed.cut
                text = passed.document.text
                digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
                if not text.strip() or digest in seen:
                    copies += bool(text.strip())
                    continue
                seen.add(digest)
                name = f"{label}/{document.name}"
                split = _split_of(name, settings)
                size_of_it = len(text.encode("utf-8", "replace"))
                sinks[split].write(json.dumps({"name": name, "text": text}) + "\n")
                counts[split]["documents"] += 1
                counts[split]["bytes"] += size_of_it
                documents, size = documents + 1, size + size_of_it
            told.append({"source": label, "documents": documents, "bytes": size})
            say(f"{label}: {documents:,} documents, {size:,} bytes")
    if cut:
        say(f"{cut} declarations were cut out: they say what a held-out problem says")
    return {"sources": told, **counts, "cut": cut, "copies": copies}


def _label(source: TextSource) -> str:
    return f"{source.source}:{source.path.name}" if source.path is not None else source.source


def _split_of(name: str, settings: TrainSettings) -> str:
    unit = name if settings.held_out.unit == "file" else name.rpartition("/")[0]
    return "held_out" if drawn(settings.seed, "held out", unit) < settings.held_out.share else "train"


def drawn(seed: int, what: str, name: str) -> float:
    """A number in [0, 1) for a name: the same in every process, and for other names another."""
    digest = hashlib.sha256(f"{seed}\x1f{what}\x1f{name}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


class _Opened(NamedTuple):
    documents: Iterator[Document]
    missing: str = ""
    """Why a source that may be missing is."""


def _open(source: TextSource, seed: int) -> _Opened:
    try:
        documents = _documents(source)
    except FileNotFoundError as error:
        if source.if_present:
            return _Opened(iter(()), str(error))
        raise UserError(f"corpus: {source.source}: {error}: mend `path`, or set `if_present: true`") from None
    except OutsideError as error:
        if source.if_present:
            return _Opened(iter(()), str(error))
        raise
    if source.share < 1:
        documents = (one for one in documents if drawn(seed, "share", one.name) < source.share)
    return _Opened(documents)


def _documents(source: TextSource) -> Iterator[Document]:
    """Raises FileNotFoundError: nothing is where it should lie; OutsideError: there is no Rocq."""
    name, path = source.source, source.path
    if path is not None and not path.exists():
        raise FileNotFoundError(f"there is nothing at {path}")
    if name == "coq-stdlib":
        return read_folder(path or stdlib_folder(), _suffixes())
    if name in ("leandojo", "text"):
        if path is None:
            raise UserError(f"corpus: {name} needs a `path`")
        return read_leandojo_texts(path) if name == "leandojo" else read_texts(path, _suffixes())
    return problem_texts(load(name, path=path, split=source.split).problems)


def _suffixes() -> dict[str, Prover | None]:
    """The files of a folder that are read: every prover's, and plain ones."""
    found: dict[str, Prover | None] = {backend_of(prover).syntax.suffix: prover for prover in BACKENDS}
    return found | {".txt": None}


def _held_out_problems(given: Sequence[ProblemSource]) -> list[Problem]:
    return [problem for dataset in (problem_sources.read(given) if given else ()) for problem in dataset.problems]


def _texts(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def _beginning(texts: Iterator[str], limit: int) -> Iterator[str]:
    """Texts up to so many bytes."""
    size = 0
    for text in texts:
        if size >= limit:
            return
        yield text
        size += len(text.encode("utf-8", "replace"))
