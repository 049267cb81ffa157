"""The datatypes of Lean's core that definitions of a problem may match on, with constructors in Lean's order."""

from __future__ import annotations

from collections.abc import Mapping

from domain import App, Const, Constructor, Datatype, Forall, Sort, Term, Var

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
