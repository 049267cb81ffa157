"""What of Lean's core definitions of a problem may match on or call: datatypes, constructors in Lean's order; `++`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from domain import App, Branch, Const, Constructor, Datatype, Fix, FixFunction, Forall, Function, Match, Sort, Term, Var

_BOOL, _NAT = Const("bool"), Const("nat")
_A, _B, _TYPE = Var("A"), Var("B"), Sort("Type")
_LIST, _OPTION = App(Const("list"), (_A,)), App(Const("option"), (_A,))
_PAIR = App(Const("prod"), (_A, _B))


def _arrow(*types: Term) -> Term:
    result = types[-1]
    for domain in reversed(types[:-1]):
        result = Forall("_", domain, result)
    return result


def _datatype(name: str, parameters: str, **constructors: Term) -> Datatype:
    def over(body: Term) -> Term:
        for parameter in reversed(parameters):
            body = Forall(parameter, _TYPE, body)
        return body

    made = tuple(Constructor(constructor, over(type_)) for constructor, type_ in constructors.items())
    return Datatype(name, over(_TYPE), len(parameters), made)


DATATYPES: Mapping[str, Datatype] = {
    datatype.name: datatype
    for datatype in (
        _datatype("bool", "", false=_BOOL, true=_BOOL),
        _datatype("nat", "", O=_NAT, S=_arrow(_NAT, _NAT)),
        _datatype("list", "A", nil=_LIST, cons=_arrow(_A, _LIST, _LIST)),
        _datatype("option", "A", **{"None": _OPTION, "Some": _arrow(_A, _OPTION)}),
        _datatype("prod", "AB", pair=_arrow(_A, _B, _PAIR)),
    )
}
"""By their names in terms."""


def _append() -> Function:
    """`List.append`, by its equations."""
    head, tail, first, second = Var("h"), Var("t"), Var("xs"), Var("ys")
    longer = App(Const("cons"), (_A, head, App(Var("append"), (_A, tail, second))))
    branches = (Branch("nil", ("_",), second), Branch("cons", ("_", "h", "t"), longer))
    parameters = (("A", _TYPE), ("xs", _LIST), ("ys", _LIST))
    member = FixFunction("append", parameters, "xs", _LIST, Match(first, branches))
    return Function("List.append", Forall("A", _TYPE, _arrow(_LIST, _LIST, _LIST)), Fix((member,), "append"))


def _arithmetic(name: str, nothing: Term, more: Callable[[Term], Term]) -> Function:
    """A function of two numbers by recursion on the second; `more` is what a call with the number before becomes."""
    parameters = (("m", _NAT), ("n", _NAT))
    branches = (Branch("O", (), nothing), Branch("S", ("k",), more(App(Var("self"), (Var("m"), Var("k"))))))
    member = FixFunction("self", parameters, "n", _NAT, Match(Var("n"), branches))
    return Function(name, _arrow(_NAT, _NAT, _NAT), Fix((member,), "self"))


FUNCTIONS = (
    _arithmetic("Nat.add", Var("m"), lambda before: App(Const("S"), (before,))),
    _arithmetic("Nat.mul", Const("O"), lambda before: App(Const("Nat.add"), (before, Var("m")))),
    _append(),
)
"""Functions of the core that explorations and inductions look into; each calls none but those before it."""
