"""What of Lean's core definitions of a problem may match on or call: datatypes, constructors in Lean's order; `++`."""

from __future__ import annotations

from collections.abc import Mapping

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


FUNCTIONS = (_append(),)
"""Functions of the core that proposers have no meaning for by their names alone (`term_algebra.standard`)."""
