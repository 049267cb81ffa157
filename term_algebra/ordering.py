"""How a proved statement serves as a rewrite rule: orientation by a recursive path ordering over definitions.

The precedence of symbols follows the definitions alone: accumulating functions come first, then functions by how deep
their definitions reach, then constructors. So `rev (app x y)` is larger than `app (rev y) (rev x)`: distributing
laws push functions inward.

Each rule's left side is larger than its right side in a simplification ordering. Most compare arguments from the one
on which the function recurses, in whatever place it has it, then from the first one on; a law that pushes a function
inward may compare them backwards, and rewriting with rules of both kinds might not end: what runs a script has a limit
of its own. What cannot be oriented (commutativity, say) is never a rule of kind `rewrite`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from domain import App, Const, Fix, Forall, Lambda, Term, Var
from term_algebra import children, constants, free_variables
from term_algebra.recursion import structural_index
from term_algebra.theory import OpenStatement, Theory, as_equation, head_name, open_statement, pi_binders

RuleKind = Literal["rewrite", "commutative", "forward", "fact"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a statement can be used.

    `rewrite`: from `left` to `right`, conditionally if there are hypotheses; `reverse` if the statement reads the
    other way round. `commutative`: `f x y = f y x`, used for chosen instances only. `forward`: its hypotheses
    determine all variables, so it is applied to what is known. `fact`: anything else, only for `eauto`.
    """

    kind: RuleKind
    statement: OpenStatement
    left: Term | None = None
    right: Term | None = None
    reverse: bool = False


@dataclass
class Precedence:
    """Ranks of global names, computed on demand from a theory.

    What accumulates is above all else, then a function above those that it calls, then one that looks at data above
    one that combines two of a kind: `take n (x ++ y)` becomes an append of two `take`s.
    """

    theory: Theory
    _ranks: dict[str, tuple[int, int, int, int]] = field(default_factory=dict[str, "tuple[int, int, int, int]"])
    _recursive: dict[str, int | None] = field(default_factory=dict[str, "int | None"])

    def rank(self, name: str) -> tuple[int, int, int, int]:
        if name not in self._ranks:
            self._ranks[name] = (0, 0, 0, 0)
            function = self.theory.functions.get(name)
            if function is not None:
                used = [self.rank(other)[1] for other in constants(function.body) if other in self.theory.functions]
                accumulates = int(is_accumulating(function.body))
                observes = int(not _combines(function.type))
                self._ranks[name] = (accumulates, 1 + max(used, default=0), observes, _arity(function.type))
            elif name not in self.theory.constructors and name not in self.theory.datatypes:
                self._ranks[name] = (0, 1, 0, _arity(self.theory.type_of_constant(name)))
        return self._ranks[name]

    def greater(self, left: str, right: str) -> bool:
        return (self.rank(left), left) > (self.rank(right), right)

    def larger(self, left: Term, right: Term, *, backwards: bool = False) -> bool:
        """Lexicographic path ordering; variables are incomparable unless one side contains them.

        Arguments are compared from the one on which the function recurses, then from the first one on; or `backwards`.
        """
        return self._larger(left, right, backwards, {})

    def _larger(self, left: Term, right: Term, backwards: bool, memo: dict[tuple[int, int], bool]) -> bool:
        """`memo` has the answers for subterms of one comparison, by their places in memory."""
        key = (id(left), id(right))
        if key not in memo:
            memo[key] = self._compared(left, right, backwards, memo)
        return memo[key]

    def _compared(self, left: Term, right: Term, backwards: bool, memo: dict[tuple[int, int], bool]) -> bool:
        if left == right:
            return False
        if isinstance(right, Var):
            return right.name in free_variables(left)
        if isinstance(left, Var):
            return False
        f, g = _symbol(left), _symbol(right)
        left_parts, right_parts = _parts(left), _parts(right)
        if any(part == right or self._larger(part, right, backwards, memo) for part in left_parts):
            return True
        if f is None or g is None:
            return False
        if f != g:
            return self.greater(f, g) and all(self._larger(left, part, backwards, memo) for part in right_parts)
        if not all(self._larger(left, part, backwards, memo) for part in right_parts):
            return False
        pairs = list(zip(left_parts, right_parts, strict=False))
        if f not in self._recursive:
            self._recursive[f] = structural_index(self.theory, f)
        index = self._recursive[f]
        if index is not None and index < len(pairs):
            pairs.insert(0, pairs.pop(index))
        for a, b in reversed(pairs) if backwards else pairs:
            if a != b:
                return self._larger(a, b, backwards, memo)
        return len(left_parts) > len(right_parts)


def _arity(type_: Term | None) -> int:
    return 0 if type_ is None else len(list(pi_binders(type_)))


def _combines(type_: Term) -> bool:
    """Whether a function takes two or more arguments of the type of its result."""
    arguments: list[Term] = []
    while isinstance(type_, Forall):
        arguments.append(type_.type)
        type_ = type_.body
    return arguments.count(type_) > 1


def _symbol(term: Term) -> str | None:
    head = term.function if isinstance(term, App) else term
    if isinstance(head, Const):
        return head.name
    return f"?{head.name}" if isinstance(head, Var) else None


def _parts(term: Term) -> tuple[Term, ...]:
    return term.arguments if isinstance(term, App) else ()


def is_accumulating(body: Term) -> bool:
    """Whether a recursive call changes an argument other than by taking a part of it: it builds one up."""
    if not isinstance(body, Fix):
        return False
    for function in body.functions:
        names = {f.name for f in body.functions}
        for call in _calls(function.body, names):
            for (parameter, _), argument in zip(function.parameters, call.arguments, strict=False):
                if isinstance(argument, App) and parameter in free_variables(argument):
                    return True
    return False


def _calls(term: Term, names: set[str]) -> list[App]:
    found: list[App] = []
    todo = [term]
    while todo:
        top = todo.pop()
        if isinstance(top, App) and isinstance(top.function, Var) and top.function.name in names:
            found.append(top)
        todo.extend(child for child, _ in children(top))
    return found


def classify(statement: Term, precedence: Precedence) -> Rule:
    """Decide how a proved statement is used."""
    opened = open_statement(statement)
    equation = as_equation(opened.conclusion)
    variables = {binder.name for binder in opened.of_kind("data", "function")}
    known = free_variables_of_hypotheses(opened)
    if equation is not None:
        left, right = equation.left, equation.right
        if is_commutativity(left, right):
            return Rule("commutative", opened, left, right)
        ways = [(False, left, right), (True, right, left)]
        f, g = _symbol(left), _symbol(right)
        one_is_above = False
        if f is not None and g is not None and f != g:
            one_is_above = True
            ways.sort(key=lambda way: way[0] != precedence.greater(g, f))
        for place, (reverse, a, b) in enumerate(ways):
            if isinstance(a, Var) or not variables & free_variables(b) <= free_variables(a):
                continue
            if not known & variables <= free_variables(a):
                continue
            if not _is_rigid(a):
                continue
            pushes_in = one_is_above and place == 0
            if precedence.larger(a, b) or (pushes_in and precedence.larger(a, b, backwards=True)):
                return Rule("rewrite", opened, a, b, reverse)
    if opened.hypotheses and variables <= known:
        return Rule("forward", opened)
    return Rule("fact", opened)


def _is_rigid(term: Term) -> bool:
    """Whether a term is headed by a function: rewriting from constructors or variables matches too much."""
    return head_name(term) is not None and not isinstance(term, Lambda | Const)


def free_variables_of_hypotheses(opened: OpenStatement) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for hypothesis in opened.hypotheses:
        found |= free_variables(hypothesis.type)
    return found


def is_commutativity(left: Term, right: Term) -> bool:
    """`f … x y = f … y x` for distinct variables."""
    one, other = _operands(left), _operands(right)
    if one is None or other is None or one[:-2] != other[:-2]:
        return False
    x, y = one[-2:]
    return isinstance(x, Var) and isinstance(y, Var) and x != y and (y, x) == other[-2:]


def is_associativity(left: Term, right: Term) -> bool:
    """`f … (f … x y) z = f … x (f … y z)` for distinct variables."""
    outer, shifted = _operands(left), _operands(right)
    if outer is None or shifted is None or outer[:-2] != shifted[:-2]:
        return False
    inner, tail = _operands(outer[-2]), _operands(shifted[-1])
    if inner is None or tail is None or not inner[:-2] == tail[:-2] == outer[:-2]:
        return False
    x, y, z = *inner[-2:], outer[-1]
    distinct = len({x, y, z}) == 3 and all(isinstance(part, Var) for part in (x, y, z))
    return distinct and (x, y, z) == (shifted[-2], *tail[-2:])


def _operands(term: Term) -> tuple[Term, ...] | None:
    """The function of a call of at least two arguments, then these."""
    return (term.function, *term.arguments) if isinstance(term, App) and len(term.arguments) > 1 else None


def directions(opened: OpenStatement) -> list[bool]:
    """The ways in which an equation can rewrite once, reversed or not: from a call that has all its variables."""
    sides = as_equation(opened.conclusion)
    if sides is None:
        return []
    everything = free_variables(opened.conclusion) | free_variables_of_hypotheses(opened)
    ways = ((False, sides.left), (True, sides.right))
    return [reverse for reverse, side in ways if _is_rigid(side) and everything <= free_variables(side)]
