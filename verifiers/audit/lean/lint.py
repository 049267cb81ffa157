"""What a candidate's text may say: a scan of its tokens before a prover sees the text.

Lean's grammar can be extended, so there is no list of all that a text may say. Instead: words that begin commands which
run code, change how text is read, or add to what is trusted are refused wherever they stand (they are keywords, so no
honest text has them as names); attributes and options come from short lists; queries (`#…`) and imports are refused.

Invariant: a text that passes has none of the constructs below, in whatever place, and its strings, characters and
comments lie where Lean sees them. The lint is one layer of several (docs/lean.md). It alone covers what runs code while
Lean reads a text, and what switches the kernel off: the compiled file of such a text would prove nothing.

Layer: lint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from verifiers.audit.lean.headers import commands
from verifiers.audit.lean.scan import Scan, Token, scan
from verifiers.audit.refusals import Unterminated, hidden_character

KEYWORDS: dict[str, str] = {
    word: why
    for why, words in {
        "leaves something unproved": "sorry admit stop",
        "adds an axiom": "axiom init_quot opaque",
        "calls the compiler": "native_decide native bv_decide bv_check csimp implemented_by extern compile_inductive "
        "compile_def suppress_compilation",
        "leaves the logic": "unsafe partial",
        "changes what is found by instance search": "instance class deriving default_instance unif_hint",
        "changes how text is read": "notation infix infixl infixr prefix postfix macro macro_rules syntax elab "
        "elab_rules declare_syntax_cat binder_predicate binder_predicates notation3 "
        "export alias open_locale localized irreducible_def set_premise_selector",
        "runs code": "run_cmd run_elab run_meta run_tac by_elab initialize builtin_initialize simproc simproc_decl "
        "dsimproc dsimproc_decl builtin_simproc builtin_dsimproc builtin_simproc_decl builtin_dsimproc_decl "
        "declare_command_config_elab declare_config_elab declare_simp_like_tactic declare_int_theorems "
        "include_str include_bytes simprocs "
        "unseal register_option register_builtin_option register_simp_attr register_label_attr "
        "register_parser_alias register_tactic_tag register_error_explanation register_linter_set register_try_tactic "
        "register_hint register_grind_attr register_sym_simp library_note declare_aesop_rule_sets "
        "add_aesop_rules erase_aesop_rules add_decl_doc tactic_extension recommended_spelling dbg_trace dbg_sleep "
        "dbg_stack dbg_trace_if_shared dbg_cache assert_not_exists assert_not_imported",
        "changes attributes": "attribute attributes grind_pattern seal",
        "belongs to the beginning of a file": "prelude module meta public",
    }.items()
    for word in words.split()
}
"""Keywords that are refused wherever they stand, and why; inside a longer name they are no keywords."""

CONSTANTS = frozenset(
    """sorryAx lcProof lcUnreachable lcAny lcErased ofReduceBool ofReduceNat reduceBool reduceNat trustCompiler
    unsafeCast unsafeIO unsafeBaseIO unsafeEIO ptrAddrUnsafe IO EIO BaseIO RealWorld""".split()  # noqa: SIM905
)
"""Names that no honest proof has, however they are qualified.

Lean evaluates terms while it reads a text (the configuration of a tactic, say): what they compute is no harm, but an
`IO` action could be applied to a `RealWorld`, and write a compiled file.
"""

PREFIXES = ("run_", "register_", "builtin_", "declare_", "elab_", "dbg_", "initialize_", "gen_injective", "grind_ext")
"""Beginnings of further commands of that kind, in libraries as well."""
HARMLESS = frozenset({"elab_as_elim"})

ATTRIBUTES = frozenset({"simp", "reducible", "irreducible", "inline", "refl", "symm", "trans", "ext", "elab_as_elim"})
"""Attributes that a candidate may give to its own declarations. None takes part in reading the frozen statement."""

OPTIONS = re.compile(
    r"(?:maxHeartbeats|maxRecDepth|synthInstance\.max(?:Heartbeats|Size)|autoImplicit|relaxedAutoImplicit|"
    r"exponentiation\.threshold|(?:linter|pp)(?:\.\w+)+)$"
)
"""Options that a candidate may set: limits, warnings, printing."""

_INTERNAL = re.compile(
    r"_private|_(?:sunfold|unsafe_rec|cstage\d|rarg|boxed|override|unary|mutual)$|lemmary", re.IGNORECASE
)


def refuse(text: str, header: str = "") -> str | None:
    """Why a candidate's text is refused, in a few words, or None.

    Commands that `header` (the problem's own, hence trusted) has word for word are allowed in the text too.
    """
    hidden = hidden_character(text)
    if hidden:
        return hidden
    try:
        scanned = scan(text)
        spared = _spared(text, header)
    except Unterminated as error:
        return str(error)
    for index, token in enumerate(scanned.tokens):
        if any(start <= token.start < end for start, end in spared):
            continue
        refused = _refuse_token(scanned, index, token)
        if refused:
            return refused
    return None


def _spared(text: str, header: str) -> list[tuple[int, int]]:
    """Where the text repeats a command of the header's scene."""
    if not header:
        return []
    try:
        written = commands(header)
    except Unterminated:  # no fault of the text: told where the header is read
        return []
    known = {one.normal for one in written if one.word in ("open", "set_option", "universe", "variable")}
    return [(one.start, one.end) for one in commands(text) if one.normal in known]


def _refuse_token(scanned: Scan, index: int, token: Token) -> str | None:
    tokens = scanned.tokens
    if token.doubtful:
        return "a string that may be interpolated, a quoted quotation mark, or a comment right behind a sign"
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if token.kind == "symbol":
        return _refuse_symbol(tokens, index, token, following)
    if token.kind != "word":
        return None
    parts = token.text.replace("«", "").replace("»", "").removeprefix("_root_.").split(".")
    if token.text == "import":
        module = f" {_start(following.text)}" if following is not None and following.kind == "word" else ""
        return f"`import{module}`, which the problem's header does not have: add it there, before what else it has"
    if parts[0] == "Lean":
        return f"`{_start(token.text)}`"
    if token.text in KEYWORDS:
        return f"`{token.text}`, which {KEYWORDS[token.text]}"
    if not CONSTANTS.isdisjoint(parts):
        return f"the constant `{_start(token.text)}`"
    if token.text.startswith(PREFIXES) and token.text not in HARMLESS:
        return f"the command `{_start(token.text)}`"
    if any(_INTERNAL.search(part) for part in parts):
        return f"the name `{_start(token.text)}`, of a kind that Lean makes for itself"
    if token.text == "set_option" and (following is None or OPTIONS.match(_option(tokens, index + 1)) is None):
        return f"the option `{_start(_option(tokens, index + 1))}`"
    if token.text == "open" and following is not None and following.text in ("scoped", "private"):
        return f"`open {following.text}`"
    return None


def _refuse_symbol(tokens: Sequence[Token], index: int, token: Token, following: Token | None) -> str | None:
    if following is None or following.start != token.end:
        return None
    if token.text == "#" and following.kind == "word" and len(following.text) > 1:
        return f"the query `#{_start(following.text)}`"
    if token.text == "@" and following.text == "[":
        return _refuse_attributes(tokens, index + 2)
    if token.text in "`%" and following.text in ("(", "[", "`"):
        return "a quotation of syntax"
    return None


def _refuse_attributes(tokens: Sequence[Token], index: int) -> str | None:
    """Attributes between `@[` and `]`: words of a short list, with commas."""
    while index < len(tokens) and tokens[index].text != "]":
        if tokens[index].text != "," and tokens[index].text not in ATTRIBUTES:
            return f"the attribute `{_start(tokens[index].text)}`"
        index += 1
    return None


def _option(tokens: Sequence[Token], index: int) -> str:
    return tokens[index].text.replace("«", "").replace("»", "") if index < len(tokens) else ""


def _start(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"
