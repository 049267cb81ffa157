"""What a candidate's text may say: a whitelist of vernacular sentences, checked before a prover sees the text.

A candidate may state and prove (`Theorem`, `Lemma`, … `Qed`, `Defined`), define (`Definition`, `Fixpoint`,
`Inductive`, `Ltac`), open scopes and import allow-listed modules of the standard library; everything else that is not a
tactic is refused: attributes, `Axiom` and its relatives, `Admitted`, flags, notations, modules, sections, and all that
prints, writes files, loads code or moves in the document.

Invariant: a text that passes holds only sentences whose first word is known here. The lint is one layer of several
(docs/trust.md): it alone covers commands that write files of the host, which no kernel check would notice.

Layer: lint.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from verifiers.audit.refusals import Unterminated, hidden_character
from verifiers.audit.rocq.sentences import identifiers, normal_text, split
from verifiers.audit.rocq.version import classical_name

STATEMENTS = frozenset({"Theorem", "Lemma", "Fact", "Corollary", "Proposition", "Remark", "Property", "Example"})
"""What may begin a statement with a proof."""

DECLARATIONS = STATEMENTS | {"Definition", "Fixpoint", "Inductive"}
"""What may introduce names."""

_CLOSED = {"Qed", "Defined"}
_FORBIDDEN_TACTICS = {
    "admit": "leaves the goal unproved",
    "give_up": "leaves the goal unproved",
    "native_compute": "calls a compiler",
    "native_cast_no_check": "calls a compiler",
    "par": "starts processes",
}
_LIBRARIES = frozenset(
    """Arith Bool Classes FSets Init Lists Logic MSets NArith Numbers PArith Program QArith Reals Relations Setoids Sets
    Sorting Strings Structures Unicode Vectors Wellfounded ZArith btauto micromega nsatz omega rtauto setoid_ring
    ssr ssrmatching""".split()  # noqa: SIM905
)
"""Folders of the standard library to import from. Not among them: `Compat`, `extraction`, `derive`."""
_MODULES = frozenset(
    """Arith ArithRing Ascii BinInt BinNat BinNums BinPos Bool Btauto Classical ClassicalEpsilon ClassicalFacts
    Compare_dec Decidable DecidableClass Eqdep_dec EqNat Equivalence Even Div2 Factorial FinFun Field
    FunctionalExtensionality Gcd Gt Le Lia List ListDec ListNotations ListSet Lqa Lra Lt Max Min Minus Morphisms Mult
    NArith Nat Nia Nsatz Omega PArith PeanoNat Peano_dec Permutation Plus Psatz QArith Qabs Qfield Qminmax Qreals
    Qround R_sqrt RIneq Ranalysis Rbase Rbasic_fun Reals Relations Relation_Definitions Relation_Operators Rfunctions
    Ring RealField Rpower Rtrigo Rtrigo1 SetoidList Setoid Sorted String Sumbool Utf8 Vector Wf Wf_nat Wellfounded
    ZArith ZArith_dec ZArithRing Zdiv Znumtheory Zpow_facts Zquot Zwf ssreflect ssrbool ssrfun""".split()  # noqa: SIM905
)
"""Modules that a candidate may import by their last name alone."""

_IRRELEVANT = re.compile(r"SProp|StrictProp|_sind")
"""What brings propositions without proofs that count: in Coq 8.14 to Rocq 9.2 local definitions of such a type in a
constructor make the kernel, and coqchk, take different variables for one (rocq-prover/rocq issue 22378)."""

_PLAIN = re.compile(r"[\n\t\r -~]*")
LONGEST = 1_000_000
"""Characters of a text that is looked at."""

_IMPORTS = frozenset({"Require", "From", "Import", "Open", "Close", "Local"})
_WORD = re.compile(r"[^\W\d][\w']*")
_PATH = re.compile(r"[^\W\d][\w']*\.[^\W\d]")
"""The path of a tactic, like `Z.order`: no command has a full stop behind its first word but at its end."""
_PUNCTUATION = re.compile(r"[-+*{}\[(]|\d|!\s*:|\?|>\s*\[")
_SELECTOR = re.compile(r"(?:all|!|par|\[[^\]:]*\]|\d[\d\s,-]*)\s*:(?!=)\s*")
_REQUIRE = re.compile(r"(?:From (?P<root>[\w.]+) )?Require (?:Import )?(?P<modules>[\w'. ]+)\.$")
_COERCION = re.compile(r":>|: ?>")
_PROOF = re.compile(r"Proof\s+(?:using|Mode)\b")
_SCOPE = re.compile(r"(?:Local )?(?:Open|Close) Scope [\w']+\.$|Import ListNotations\.$")


def refuse(text: str, header: str = "") -> str | None:
    """Why a candidate's text is refused, in a few words, or None.

    Imports and scopes that `header` (the problem's own, hence trusted) has word for word are allowed in the text too.
    """
    hidden = _refuse_characters(text)
    if hidden:
        return hidden
    try:
        for sentence in split(text):
            refused = _refuse_sentence(normal_text(sentence.text), header)
            if refused:
                return refused
    except Unterminated as error:
        return str(error)
    return None


@lru_cache(maxsize=16)
def refuse_preamble(text: str) -> str | None:
    """Why a text that should only define tactics and import libraries is refused, or None."""
    return refuse(text) or _first_other_than({"Ltac", *_IMPORTS}, text)


@lru_cache(maxsize=4096)
def refuse_block(text: str) -> str | None:
    """Why a text that should only hold tactics (the proof of a library lemma) is refused, or None.

    Anything else would leak out of the lemma into the texts that are compiled with it.
    """
    return refuse(text) or _first_other_than(frozenset(), text)


def _first_other_than(words: Collection[str], text: str) -> str | None:
    """The first sentence that begins with none of these words and is no tactic either."""
    for sentence in split(text):
        word = _command(sentence.text)
        if word and word not in words:
            return f"the sentence `{_start(normal_text(sentence.text))}` in this place"
    return None


def refuse_statement(text: str) -> str | None:
    """Why the text of a statement is refused whatever it says, or None."""
    hidden = _refuse_characters(text)
    if hidden:
        return hidden
    try:
        return _refuse_tactic(normal_text(text))
    except Unterminated as error:
        return str(error)


def _refuse_characters(text: str) -> str | None:
    if len(text) > LONGEST:
        return f"a text of more than {LONGEST:,} characters"
    if _PLAIN.fullmatch(text):
        return None
    return hidden_character(text)


def _refuse_sentence(sentence: str, header: str) -> str | None:
    # After a selector there may be a tactic, but also a query such as `1: Check x.`
    at = 0
    while selector := _SELECTOR.match(sentence, at):
        at = selector.end()
    if at:
        return (_refuse_sentence(sentence[at:], "") if sentence[at:] else None) or _refuse_tactic(sentence)
    found = _WORD.match(sentence)
    if found is None:
        if sentence.startswith("#"):
            return "an attribute"
        if _PUNCTUATION.match(sentence) is None:
            return f"the sentence `{_start(sentence)}`"
        return _refuse_tactic(sentence)
    word = _command(sentence)
    if word is None or word == "Ltac":
        return _refuse_tactic(sentence)
    if word in _IMPORTS:
        allowed = _allowed_import(sentence) or _SCOPE.match(sentence) or sentence in _imports_of(header)
        return None if allowed else f"the sentence `{_start(sentence)}`"
    if word in DECLARATIONS:
        return _refuse_declaration(sentence, word)
    if word == "Proof":
        refused = _PROOF.match(sentence)
        return f"`{refused.group()}`" if refused else _refuse_tactic(sentence)
    if word in _CLOSED:
        return None if sentence == f"{word}." else f"the sentence `{_start(sentence)}`"
    return f"the command `{word}`"


def _command(sentence: str) -> str | None:
    """The first word of a sentence that may be a command: a tactic begins in lower case, or is called by a path."""
    found = _WORD.match(sentence)
    if found is None or found.group()[0].islower() or found.group()[0] == "_" or _PATH.match(sentence):
        return None
    return found.group()


def _refuse_declaration(sentence: str, word: str) -> str | None:
    if word in {"Definition", "Fixpoint", "Inductive"}:
        if any(name.text == "where" for name in identifiers(sentence)):
            return "a notation in a `where` clause"
        if word == "Inductive" and _COERCION.search(sentence):
            return "a coercion"
    return _refuse_tactic(sentence)


def _refuse_tactic(sentence: str) -> str | None:
    """Tactics can stand in any sentence (`ltac:(…)`), so all are searched for those that are refused."""
    irrelevant = _IRRELEVANT.search(sentence)
    if irrelevant:
        return f"`{irrelevant.group()}`, which brings a sort that the kernel does not handle soundly"
    for name in identifiers(sentence):
        if name.text in _FORBIDDEN_TACTICS and not (name.text == "par" and sentence[name.end :].lstrip()[:1] != ":"):
            return f"the tactic `{name.text}`, which {_FORBIDDEN_TACTICS[name.text]}"
    return None


def _allowed_import(sentence: str) -> bool:
    found = _REQUIRE.match(sentence)
    if found is None:
        return False
    root = classical_name(found["root"] or "")
    if root not in ("", "Coq") and not root.startswith("Coq."):
        return False
    prefix = f"{root}." if root else ""
    return all(_allowed_module(classical_name(prefix + name)) for name in found["modules"].split())


def _allowed_module(name: str) -> bool:
    parts = name.removeprefix("Coq.").split(".")
    return parts[0] in (_MODULES if len(parts) == 1 else _LIBRARIES)


@lru_cache(maxsize=64)
def _imports_of(header: str) -> frozenset[str]:
    kinds = ("Require ", "From ", "Import ", "Open ", "Local Open ")
    return frozenset(text for text in (normal_text(one.text) for one in split(header)) if text.startswith(kinds))


def _start(sentence: str) -> str:
    return sentence if len(sentence) <= 40 else sentence[:40] + "…"
