"""The datatypes and functions of the prover's core that have a meaning of their own, with their types.

Everything else is known by its definition alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import App, Branch, Const, Constructor, Datatype, Forall, Lambda, Match, Sort, Term, Var


def arrow(*types: Term) -> Term:
    """`arrow(a, b, c)` is `a -> b -> c`."""
    result = types[-1]
    for domain in reversed(types[:-1]):
        result = Forall("_", domain, result)
    return result


BOOL, NAT, INTEGER, POSITIVE = Const("bool"), Const("nat"), Const("Z"), Const("positive")
_A = Var("A")


def _datatype(name: str, parameters: int, *constructors: tuple[str, Term]) -> Datatype:
    type_: Term = Sort("Set")
    for _ in range(parameters):
        type_ = Forall("_", Sort("Type"), type_)
    return Datatype(name, type_, parameters, tuple(Constructor(n, t) for n, t in constructors))


_LIST_A = App(Const("list"), (_A,))
_OPTION_A = App(Const("option"), (_A,))
_PAIR = App(Const("prod"), (_A, Var("B")))

STANDARD_DATATYPES: tuple[Datatype, ...] = (
    _datatype("bool", 0, ("true", BOOL), ("false", BOOL)),
    _datatype("nat", 0, ("O", NAT), ("S", arrow(NAT, NAT))),
    _datatype("unit", 0, ("tt", Const("unit"))),
    _datatype(
        "list",
        1,
        ("nil", Forall("A", Sort("Type"), _LIST_A)),
        ("cons", Forall("A", Sort("Type"), arrow(_A, _LIST_A, _LIST_A))),
    ),
    _datatype(
        "option",
        1,
        ("Some", Forall("A", Sort("Type"), arrow(_A, _OPTION_A))),
        ("None", Forall("A", Sort("Type"), _OPTION_A)),
    ),
    _datatype(
        "prod",
        2,
        ("pair", Forall("A", Sort("Type"), Forall("B", Sort("Type"), arrow(_A, Var("B"), _PAIR)))),
    ),
)

INTEGER_FUNCTIONS: Mapping[str, Term] = {
    "Z0": INTEGER,
    "Zpos": arrow(POSITIVE, INTEGER),
    "Zneg": arrow(POSITIVE, INTEGER),
    "xH": POSITIVE,
    "xO": arrow(POSITIVE, POSITIVE),
    "xI": arrow(POSITIVE, POSITIVE),
    "Z.add": arrow(INTEGER, INTEGER, INTEGER),
    "Z.sub": arrow(INTEGER, INTEGER, INTEGER),
    "Z.mul": arrow(INTEGER, INTEGER, INTEGER),
    "Z.opp": arrow(INTEGER, INTEGER),
    "Z.div": arrow(INTEGER, INTEGER, INTEGER),
    "Z.modulo": arrow(INTEGER, INTEGER, INTEGER),
    "Z.eqb": arrow(INTEGER, INTEGER, BOOL),
    "Z.leb": arrow(INTEGER, INTEGER, BOOL),
    "Z.ltb": arrow(INTEGER, INTEGER, BOOL),
}

STANDARD_FUNCTIONS: Mapping[str, Term] = {
    "andb": arrow(BOOL, BOOL, BOOL),
    "orb": arrow(BOOL, BOOL, BOOL),
    "implb": arrow(BOOL, BOOL, BOOL),
    "xorb": arrow(BOOL, BOOL, BOOL),
    "negb": arrow(BOOL, BOOL),
    "Bool.eqb": arrow(BOOL, BOOL, BOOL),
    "Nat.add": arrow(NAT, NAT, NAT),
    "Nat.mul": arrow(NAT, NAT, NAT),
    "Nat.sub": arrow(NAT, NAT, NAT),
    "Nat.eqb": arrow(NAT, NAT, BOOL),
    "Nat.leb": arrow(NAT, NAT, BOOL),
}


def _cases(scrutinee: str, if_true: Term, if_false: Term) -> Match:
    return Match(Var(scrutinee), (Branch("true", (), if_true), Branch("false", (), if_false)))


TRUE, FALSE, _B = Const("true"), Const("false"), Var("b")
BOOLEAN_BODIES: Mapping[str, Term] = {
    name: Lambda("a", BOOL, Lambda("b", BOOL, body))
    for name, body in {
        "andb": _cases("a", _B, FALSE),
        "orb": _cases("a", TRUE, _B),
        "implb": _cases("a", _B, TRUE),
        "xorb": _cases("a", _cases("b", FALSE, TRUE), _B),
        "Bool.eqb": _cases("a", _B, _cases("b", FALSE, TRUE)),
    }.items()
} | {"negb": Lambda("a", BOOL, _cases("a", FALSE, TRUE))}
"""What the standard functions on truth values compute, as terms."""
