"""What bounds on the sizes of results say, as propositions in Rocq over sizes as numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datasets.tip.linear import Linear
from datasets.tip.render import Owner, Renderer
from datasets.tip.rocq_text import application, explicit
from datasets.tip.sampling import RESULT, Bound
from datasets.tip.size_sentences import number_sentence
from datasets.tip.syntax import BOOL, INT, Data, Type
from datasets.tip.typed import Local, TypedFunction

AND = " /\\ "
INTEGERS = "Coq.ZArith.BinInt.Z"


class Claims:
    """`fresh` makes new names."""

    def __init__(self, owner: Owner, fresh: Callable[[str], str]) -> None:
        self.numbers: dict[str, str] = {}
        """The function that says the size of a datatype as a number, where it was defined."""
        self._owner = owner
        self._ids = owner.identifiers
        self._fresh = fresh

    def number(self, datatype: str) -> str:
        """The function that says the size of a datatype as a number."""
        return self.numbers[datatype]

    def number_sentences(self, type_: Type) -> list[str]:
        """The definition of the size of a type's values, where it is regular and was not given yet."""
        if (
            not isinstance(type_, Data)
            or type_.name in self.numbers
            or not self._owner.functions.recursion.bounds.sizes.is_regular(type_)
        ):
            return []
        self.numbers[type_.name] = self._fresh(f"number_{self._ids.types[type_.name]}")
        return [number_sentence(self._owner.functions.datatypes[type_.name], self._ids, self.numbers[type_.name])]

    def binders(self, function: TypedFunction) -> str:
        renderer = Renderer(self._owner)
        binders = [*self._owner.functions.type_binders(function), *(renderer.binder(p) for p in function.parameters)]
        return " ".join(binders)

    def size(self, term: str, type_: Type) -> str:
        """The size of a term of a regular datatype, as a number."""
        assert isinstance(type_, Data)
        types = [Renderer(self._owner).type(item).at(0) for item in type_.arguments]
        return f"({application(explicit(self.number(type_.name), types), [*types, term]).text})"

    def measure(self, function: TypedFunction, positions: Sequence[int]) -> str:
        parameters = [function.parameters[position] for position in positions]
        return " + ".join(self.size(item.name, item.type) for item in parameters)

    def claim(self, function: TypedFunction, bounds: Sequence[Bound], head: str, *more: str) -> str:
        """What bounds say of `head`, which stands for the function; `more` comes before its parameters."""
        arguments = [*self._owner.functions.own_arguments(function), *more, *(p.name for p in function.parameters)]
        call = f"({application(explicit(head, function.type_parameters), arguments).text})"
        if function.result != BOOL:
            return self._conjunction(function, bounds, call)
        parts: list[str] = []
        for answer in (True, False):
            some = [bound for bound in bounds if bound.answer == answer]
            parts.append(f"({call} = {str(answer).lower()} -> {self._conjunction(function, some, call)})")
        return f"({AND.join(parts)})"

    def _conjunction(self, function: TypedFunction, bounds: Sequence[Bound], call: str) -> str:
        texts = [
            " -> ".join([self._inequality(form, function, call) for form in (*bound.premises, bound.conclusion)])
            for bound in bounds
        ]
        return f"({AND.join(f'({text})' for text in texts)})" if texts else "Coq.Init.Logic.True"

    def _inequality(self, form: Linear, function: TypedFunction, call: str) -> str:
        kinds = {function.result if key == RESULT else key.type for key in form if isinstance(key, Local)}
        integers = INT in kinds
        sides: tuple[list[str], list[str]] = ([], [])
        for key, value in form.items():
            side = sides[value > 0]
            if key is None:
                side.append(str(abs(value)))
                continue
            assert isinstance(key, Local)
            term, type_ = (call, function.result) if key == RESULT else (key.name, key.type)
            text = term if type_ == INT else self.size(term, type_)
            text = f"{INTEGERS}.of_nat {text}" if integers and type_ != INT else text
            side.append(text if abs(value) == 1 else f"{abs(value)} * ({text})")
        low, high = (" + ".join(side) or "0" for side in sides)
        return f"({low} <= {high})%{'Z' if integers else 'nat'}"
