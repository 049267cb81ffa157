"""What is known of the sizes of terms in a situation, and what follows from it.

A size is linear in the sizes of terms that are no constructor; that of an integer is its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from datasets.tip.linear import UNIT, Linear, constant, follows, multiple, plus
from datasets.tip.sampling import RESULT, Bound
from datasets.tip.sizes import counted, regular_datatypes
from datasets.tip.symbolic import FALSE, TRUE, Situation, TooManyCases
from datasets.tip.syntax import BOOL, INT, Data, Module, Type
from datasets.tip.typed import Constant, Integer, Typed, TypedFunction, type_of

MOST_WORK = 30_000
"""Claims in questions of what follows from them, in one file, after which no further function is analysed."""


class KnownSizes:
    """The terms of one file. `of` answers with the bounds of a function."""

    def __init__(
        self,
        module: Module,
        component: Callable[[str], tuple[TypedFunction, ...]],
        of: Callable[[str], tuple[Bound, ...]],
    ) -> None:
        self._regular = regular_datatypes(module)
        self._component = component
        self._of = of
        self._work = 0

    def follows(self, claims: Sequence[Linear], conclusion: Linear) -> bool:
        self._work += 10 + len(claims)
        if self._work > MOST_WORK:
            raise TooManyCases
        return follows(claims, conclusion)

    def is_regular(self, type_: Type) -> bool:
        """Whether a type's values have a size."""
        return isinstance(type_, Data) and type_.name in self._regular

    def is_measured(self, type_: Type) -> bool:
        return type_ == INT or self.is_regular(type_)

    def size(self, term: Typed) -> Linear | None:
        """The size of a term, over those of terms that are no constructor; None if its type has none."""
        return self.whole_size(term) if self.is_measured(type_of(term)) else None

    def whole_size(self, term: Typed) -> Linear:
        match term:
            case Integer(value):
                return constant(value)
            case Constant("operator", "+", _, (left, right)):
                return plus(self.whole_size(left), self.whole_size(right))
            case Constant("operator", "-", _, (left, right)):
                return plus(self.whole_size(left), self.whole_size(right), -1)
            case Constant("operator", "*", _, (Integer(value), other) | (other, Integer(value))):
                return plus({}, self.whole_size(other), value)
            case Constant("constructor", name, _, arguments, Data(owner)) if owner in self._regular:
                constructor = next(c for c in self._regular[owner].constructors if c.name == name)
                positions = counted(self._regular[owner], constructor)
                total: Linear = constant(int(bool(positions)))
                for position in positions:
                    total = plus(total, self.whole_size(arguments[position]))
                return total
            case _:
                return multiple(term)

    def claims(
        self,
        forms: Sequence[Linear],
        situation: Situation,
        own: Mapping[str, tuple[Bound, ...]],
        given: Sequence[Linear] = (),
    ) -> list[Linear]:
        """What is known of the terms in linear forms, in a situation."""
        claims: list[Linear] = []
        conditional: list[tuple[tuple[Linear, ...], Linear]] = []
        for term, value in situation.answers:
            claims += self._answered(term, value)
            if isinstance(term, Constant) and term.kind == "function":
                conditional += self._instances(term, own, value)
        seen: set[Typed] = set()
        waiting = [*forms, *claims, *(form for premises, conclusion in conditional for form in (*premises, conclusion))]
        while waiting:
            for term in waiting.pop():
                if term is None or term in seen:
                    continue
                seen.add(term)
                more: list[tuple[tuple[Linear, ...], Linear]] = []
                match term:
                    case Constant("function"):
                        more = self._instances(term, own, None)
                    case Constant("operator", "div", _, (dividend, Integer(divisor))):
                        rest = plus(self.whole_size(dividend), multiple(term, divisor), -1)
                        more = [((), rest), ((), plus(constant(divisor - 1), rest, -1))]
                    case _:
                        pass
                conditional += more
                waiting += [form for premises, conclusion in more for form in (*premises, conclusion)]
                if self.is_regular(type_of(term)):
                    claims.append(multiple(term))
        while True:
            ready = [c for c in conditional if all(self.follows([*claims, *given], premise) for premise in c[0])]
            if not ready:
                return claims
            claims += [conclusion for _, conclusion in ready]
            conditional = [item for item in conditional if item not in ready]

    def _instances(
        self, call: Constant, own: Mapping[str, tuple[Bound, ...]], answer: Typed | None
    ) -> list[tuple[tuple[Linear, ...], Linear]]:
        """The bounds of a function at a call: premises and conclusion of each."""
        *_, function = (f for f in self._component(call.name) if f.name == call.name)
        if len(call.arguments) != len(function.parameters):
            return []
        bounds = own[call.name] if call.name in own else self._of(call.name)
        sizes: dict[Typed, Linear | None] = {
            p: self.size(argument) for p, argument in zip(function.parameters, call.arguments, strict=True)
        }
        sizes[RESULT] = self.size(call) if type_of(call) != BOOL else None
        found: list[tuple[tuple[Linear, ...], Linear]] = []
        for bound in bounds:
            if bound.answer is not None and answer != (TRUE if bound.answer else FALSE):
                continue
            forms = [at(form, sizes) for form in (*bound.premises, bound.conclusion)]
            whole = [form for form in forms if form is not None]
            if len(whole) == len(forms):
                found.append((tuple(whole[:-1]), whole[-1]))
        return found

    def _answered(self, term: Typed, value: Typed) -> Iterable[Linear]:
        """What an answer of a comparison says, or that the sizes of equal terms are equal."""
        match term:
            case Constant("operator", "<" | "<=" | "=" as name, _, (left, right)):
                if type_of(left) != INT:
                    return []
                difference = plus(self.whole_size(right), self.whole_size(left), -1)
                if name == "=":
                    return [difference, plus({}, difference, -1)] if value == TRUE else []
                strict = constant(-1) if name == "<" else {}
                if value == TRUE:
                    return [plus(difference, strict)]
                return [plus(plus(constant(-1), difference, -1), strict, -1)]
            case _:
                pass
        if not self.is_measured(type_of(term)):
            return []
        difference = plus(self.whole_size(term), self.whole_size(value), -1)
        return [difference, plus({}, difference, -1)]


def at(form: Linear, sizes: Mapping[Typed, Linear | None]) -> Linear | None:
    """A form over parameters at the sizes of arguments."""
    total: Linear = constant(form.get(UNIT, 0))
    for key, value in form.items():
        if key is None:
            continue
        size = sizes.get(key)
        if size is None:
            return None
        total = plus(total, size, value)
    return total
