"""Is the recursion of a candidate plainly structural? A check of our own, beside the kernel's.

The guard checkers of Coq 8.16 to Rocq 9.1, and of their `coqchk`, accept fixpoints that do not end, and with them
proofs of `False` (rocq-prover/rocq issues 20413, 20455, 20555, 21682, 21683, 21701, 21797: arguments that were not
looked at, matches on matches, inner fixpoints). All versions up to 9.2 accept corecursive values of inductive types
(22386, 22389), so corecursion is refused; and they mix up variables beside local definitions in a constructor (22378),
so these are refused too. The condition here needs none of what went wrong there: a recursive
call stands with all its arguments up to the decreasing one, which is a variable that a `match` on the fixpoint's own
parameter, or on such a variable, has bound, or for accessibility what `Acc_intro` holds, applied. (Of another variable
that is applied the kernel alone knows that it is no function of all types.) Nothing is reduced but redexes in plain
sight.

Invariant: a term that passes is guarded by the syntactic condition (Giménez 1995), given that the kernel holds the
variables in question to be recursive arguments. What cannot be read is refused.

Layer: recursion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Literal, NamedTuple, TypeAlias

from domain import App, Fix, FixFunction, Forall, Lambda, Let, Match, Term, Var
from verifiers.audit.rocq.reader import parse_definition
from verifiers.audit.rocq.sentences import normal_text, split
from verifiers.audit.words import ParseError

SHOW = "Set Printing All. Set Asymmetric Patterns."
"""What a process says before it prints the constants that `not_structural` reads."""

_FIX = re.compile(r"\bfix\b")
_COFIX = re.compile(r"\bcofix\b")
_DATATYPE = re.compile(r"\s*(?:Inductive|CoInductive|Variant|Record)\b")
_HIDDEN = re.compile(r"\b(?:fix|let)\b")
_OWN = re.compile(r"(?<![\w'.])(?:Candidate\w*\.)?Text\.([\w']+(?:\.[\w']+)*)")
_SHORT = re.compile(r"\b(?:Notation|Infix|Ltac)\b")
_MUTUAL = re.compile(r"(?:Theorem|Lemma|Fact|Corollary|Proposition|Remark|Property|Example|Definition)\b")

Size: TypeAlias = Literal["equal", "smaller", "accessible"]
"""`accessible`: what it gives for arguments is smaller."""
_Sizes: TypeAlias = Mapping[int, Size]
"""How a variable compares with the decreasing parameters of the enclosing fixpoints, by their numbers."""


class _Call(NamedTuple):
    """A variable that is a recursive function: its fixpoint's number and the place of the decreasing argument."""

    fixpoint: int
    place: int


_Known: TypeAlias = Mapping[str, "_Sizes | _Call"]

_NUMBERS = count()


class _NotStructuralError(Exception):
    """A fixpoint is outside the condition."""


def may_recur(texts: Iterable[str], header: str) -> bool:
    """Whether texts can make what is looked at here: `fix`, `Fixpoint`, mutual theorems, datatypes, or what the header
    abbreviates by them.

    The words are looked for inside longer ones too: where Rocq's words end (`0with`, `x²with`) is not guessed here.
    """
    for text in texts:
        for sentence in split(text):
            said = normal_text(sentence.text)
            if re.search("[Ff]ix|Inductive", said) or ("with" in said and _MUTUAL.match(said)):
                return True
    return _abbreviates(header)


@lru_cache(maxsize=64)
def _abbreviates(header: str) -> bool:
    """Whether a header has notations or tactics with a fixpoint in them."""
    sentences = [normal_text(sentence.text) for sentence in split(header)]
    return any("fix" in text for text in sentences if _SHORT.search(text))


def not_structural(theorem: str, print_all: Callable[[Sequence[str]], Mapping[str, str]]) -> str | None:
    """Why the recursion on which a theorem of the text rests is refused, or None.

    `print_all` gives, for names of the text, what `Print` shows of each after `SHOW`.
    """
    seen, asked = {theorem}, [theorem]
    while asked:
        found: list[str] = []
        for printed in print_all(asked).values():
            refused = _refused(printed)
            if refused:
                return refused
            found += _OWN.findall(printed)
        asked = [name for name in dict.fromkeys(found) if name not in seen]
        seen.update(asked)
    return None


def _refused(printed: str) -> str | None:
    """Why a constant or datatype that is printed so is refused, or None."""
    if "..." in printed:
        return "recursion in a term that is too deep to be shown"
    if _COFIX.search(printed):
        return "corecursion"
    if _DATATYPE.match(printed):
        hidden = _HIDDEN.search(printed)
        return f"`{hidden.group()}` in the type of a constructor" if hidden else None
    if _FIX.search(printed) is None:
        return None
    try:
        function = parse_definition(printed)
        _check(function.type, {})
        _check(function.body, {})
    except ParseError as error:
        return f"recursion in a term that is not understood ({error})"
    except RecursionError:
        return "recursion in a term that is too deep"
    except _NotStructuralError as error:
        return f"recursion that is not plainly structural: {error}"
    return None


def _check(term: Term, known: _Known) -> None:
    match term:
        case Var(name):
            if isinstance(known.get(name), _Call):
                raise _NotStructuralError(f"`{name}` stands without its decreasing argument")
        case App(function, arguments):
            for argument in arguments:
                _check(argument, known)
            _check_applied(function, [_sizes(argument, known) for argument in arguments], known)
        case Lambda(name, type_, body) | Forall(name, type_, body):
            _check(type_, known)
            _check(body, {**known, name: {}})
        case Let(name, value, type_, body):
            _check(value, known)
            if type_ is not None:
                _check(type_, known)
            _check(body, {**known, name: _sizes(value, known)})
        case Match():
            _check_match(term, known)
        case Fix():
            _check_fix(term, [], known)
        case _:
            pass


def _check_applied(function: Term, arguments: Sequence[_Sizes], known: _Known) -> None:
    """Check what stands before arguments of these sizes."""
    call = known.get(function.name) if isinstance(function, Var) else None
    if isinstance(function, Var) and isinstance(call, _Call):
        if call.place >= len(arguments) or arguments[call.place].get(call.fixpoint) != "smaller":
            raise _NotStructuralError(f"`{function.name}` is called with an argument not seen to be smaller")
    elif isinstance(function, Fix):
        _check_fix(function, arguments, known)
    elif isinstance(function, Lambda) and arguments:
        _check(function.type, known)
        _check_applied(function.body, arguments[1:], {**known, function.name: arguments[0]})
    else:
        _check(function, known)


def _check_match(term: Match, known: _Known) -> None:
    _check(term.scrutinee, known)
    if term.returns is not None:
        bound = [term.as_name] if term.as_name else []
        if isinstance(term.in_pattern, App):
            bound += [variable.name for variable in term.in_pattern.arguments if isinstance(variable, Var)]
        _check(term.returns, {**known, **{name: {} for name in bound}})
    for branch in term.branches:
        size: Size = "accessible" if branch.constructor == "Acc_intro" else "smaller"
        below: _Sizes = dict.fromkeys(_sizes(term.scrutinee, known), size)
        _check(branch.body, {**known, **dict.fromkeys(branch.variables, below)})


def _check_fix(fix: Fix, arguments: Sequence[_Sizes], known: _Known) -> None:
    number = next(_NUMBERS)
    calls = {function.name: _Call(number, _place(function)) for function in fix.functions}
    for function in fix.functions:
        place = calls[function.name].place
        inner: dict[str, _Sizes | _Call] = {**known, **calls}
        # The decreasing parameter is at most the argument given at first, in every later call too.
        given = arguments[place] if len(fix.functions) == 1 and place < len(arguments) else {}
        for at, (name, type_) in enumerate(function.parameters):
            _check(type_, inner)
            sizes: dict[int, Size] = dict(given)
            sizes[number] = "equal"
            inner[name] = sizes if at == place else {}
        _check(function.type, inner)
        _check(function.body, inner)


def _place(function: FixFunction) -> int:
    names = [name for name, _ in function.parameters]
    if function.structural is None and len(names) == 1:
        return 0
    if function.structural is None or names.count(function.structural) != 1:
        raise _NotStructuralError(f"the decreasing parameter of `{function.name}` is not shown")
    return names.index(function.structural)


def _sizes(term: Term, known: _Known) -> _Sizes:
    """How a term compares with the decreasing parameters; nothing is known of most terms."""
    if isinstance(term, Var):
        found = known.get(term.name, {})
        return {} if isinstance(found, _Call) else found
    if isinstance(term, App) and isinstance(term.function, Var):
        found = _sizes(term.function, known)
        return dict.fromkeys([number for number, size in found.items() if size == "accessible"], "smaller")
    return {}
