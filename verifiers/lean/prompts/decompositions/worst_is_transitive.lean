/-
Statement: If a is at least as bad as b, and b as c, then a is at least as bad as c.
Proof: Write 'a is at least as bad as b' as worst(a, b) = a. Taking the worst can be bracketed either way, so worst(a, c) = worst(worst(a, b), c) = worst(a, worst(b, c)) = worst(a, b) = a.
Steps:
1. Show that taking the worst is associative.
2. Compute with the two hypotheses.
-/
inductive Grade : Type where
  | good : Grade
  | fair : Grade
  | bad : Grade

def worst : Grade → Grade → Grade
  | .good, b => b
  | .bad, _ => .bad
  | .fair, .bad => .bad
  | .fair, .good => .fair
  | .fair, .fair => .fair

theorem worst_brackets : ∀ a b c, worst (worst a b) c = worst a (worst b c) := by
  intro a b c
  cases a with
  | good => rfl
  | bad => rfl
  | fair => cases b with
    | good => rfl
    | bad => rfl
    | fair => cases c with
      | good => rfl
      | fair => rfl
      | bad => rfl

theorem worst_is_transitive : ∀ a b c, worst a b = a → worst b c = b → worst a c = a := by
  intro a b c h k
  exact Eq.trans (congrArg (fun x => worst x c) (Eq.symm h))
    (Eq.trans (worst_brackets a b c) (Eq.trans (congrArg (worst a) k) h))
