/-
Lemmas that the tactics `rewrite`, `simp` and `decide` put into proofs, and the syntax of the tactics. The tactics
themselves are part of the prover; what it lacks without `Init` is how each is written.
-/
prelude
import Lemmary.Names
set_option autoImplicit false
universe u v

/- What `simp` and `rewrite` apply -/

theorem of_eq_true {p : Prop} (h : Eq p True) : p := h.mpr True.intro

theorem eq_true {p : Prop} (h : p) : Eq p True := propext ⟨fun _ => True.intro, fun _ => h⟩

theorem of_eq_false {p : Prop} (h : Eq p False) : Not p := fun x => h.mp x

theorem eq_false {p : Prop} (h : Not p) : Eq p False := propext ⟨h, False.elim⟩

theorem eq_self {α : Sort u} (a : α) : Eq (Eq a a) True := eq_true rfl

theorem iff_self (p : Prop) : Eq (Iff p p) True := eq_true ⟨id, id⟩

theorem implies_congr {p q : Sort u} {r s : Sort v} (h : Eq p q) (k : Eq r s) : Eq (p → r) (q → s) :=
  h.subst (motive := fun x => Eq (p → r) (x → s)) (k.subst (motive := fun y => Eq (p → r) (p → y)) rfl)

theorem forall_congr {α : Sort u} {p q : α → Prop} (h : (a : α) → Eq (p a) (q a)) :
    Eq ((a : α) → p a) ((a : α) → q a) :=
  propext ⟨fun all a => (h a).mp (all a), fun all a => (h a).mpr (all a)⟩

theorem implies_true (α : Sort u) : Eq (α → True) True := eq_true fun _ => True.intro

theorem true_implies (p : Prop) : Eq (True → p) p := propext ⟨fun f => f True.intro, fun h _ => h⟩

theorem false_implies (p : Prop) : Eq (False → p) True := eq_true False.elim

theorem not_true_eq_false : Eq (Not True) False := eq_false fun h => h True.intro

theorem not_false_eq_true : Eq (Not False) True := eq_true id

theorem true_and (p : Prop) : Eq (And True p) p := propext ⟨And.right, fun h => ⟨True.intro, h⟩⟩

theorem and_true (p : Prop) : Eq (And p True) p := propext ⟨And.left, fun h => ⟨h, True.intro⟩⟩

theorem false_and (p : Prop) : Eq (And False p) False := eq_false And.left

theorem and_false (p : Prop) : Eq (And p False) False := eq_false And.right

theorem and_self (p : Prop) : Eq (And p p) p := propext ⟨And.left, fun h => ⟨h, h⟩⟩

theorem true_or (p : Prop) : Eq (Or True p) True := eq_true (.inl .intro)

theorem or_true (p : Prop) : Eq (Or p True) True := eq_true (.inr .intro)

theorem false_or (p : Prop) : Eq (Or False p) p := propext ⟨fun h => h.elim False.elim id, .inr⟩

theorem or_false (p : Prop) : Eq (Or p False) p := propext ⟨fun h => h.elim id False.elim, .inl⟩

theorem or_self (p : Prop) : Eq (Or p p) p := propext ⟨fun h => h.elim id id, .inl⟩

/- Decisions -/

instance instDecidableTrue : Decidable True := isTrue True.intro

instance instDecidableFalse : Decidable False := isFalse id

instance instDecidableNot {p : Prop} [d : Decidable p] : Decidable (Not p) :=
  match d with
  | isTrue h => isFalse fun no => no h
  | isFalse h => isTrue h

instance instDecidableAnd {p q : Prop} [d : Decidable p] [e : Decidable q] : Decidable (And p q) :=
  match d with
  | isFalse h => isFalse fun both => h both.left
  | isTrue h =>
    match e with
    | isFalse k => isFalse fun both => k both.right
    | isTrue k => isTrue ⟨h, k⟩

instance instDecidableOr {p q : Prop} [d : Decidable p] [e : Decidable q] : Decidable (Or p q) :=
  match d with
  | isTrue h => isTrue (.inl h)
  | isFalse h =>
    match e with
    | isTrue k => isTrue (.inr k)
    | isFalse k => isFalse fun one => one.elim h k

instance instDecidableEqBool (a b : Bool) : Decidable (Eq a b) :=
  match a, b with
  | true, true => isTrue rfl
  | false, false => isTrue rfl
  | true, false => isFalse fun h => Bool.noConfusion h
  | false, true => isFalse fun h => Bool.noConfusion h

/- How tactics are written -/

namespace Lean.Parser.Tactic
syntax optConfig := many("(" &"default" ")")
syntax locationType := orelse("⊢", "|-")
syntax locationHyp := many1(ppSpace colGt term:1024) optional(ppSpace orelse("⊢", "|-"))
syntax locationWildcard := " *"
syntax location := withPosition(ppGroup(" at" orelse(locationWildcard, locationHyp)))
syntax (name := intro) "intro" notFollowedBy("|") many(ppSpace colGt term:1024) : tactic
syntax (name := intros) "intros" many(ppSpace colGt orelse(ident, hole)) : tactic
syntax (name := exact) "exact " term : tactic
syntax (name := apply) "apply " term : tactic
syntax (name := refine) "refine " term : tactic
syntax (name := constructor) "constructor" : tactic
syntax (name := assumption) "assumption" : tactic
syntax (name := contradiction) "contradiction" : tactic
syntax (name := eqRefl) "eq_refl" : tactic
syntax (name := applyRfl) "apply_rfl" : tactic
syntax (name := symm) "symm" optional(location) : tactic
syntax (name := congr) "congr" : tactic
syntax (name := left) "left" : tactic
syntax (name := right) "right" : tactic
syntax (name := fail) "fail" : tactic
syntax (name := skip) "skip" : tactic
syntax (name := done) "done" : tactic
syntax (name := paren) "(" withoutPosition(tacticSeq) ")" : tactic
syntax (name := traceState) "trace_state" : tactic
syntax (name := first) "first " withPosition(many1(ppDedent(ppLine) colGe "| " tacticSeq)) : tactic
syntax (name := tacticRepeat_) "repeat " tacticSeq : tactic
syntax (name := allGoals) "all_goals " tacticSeq : tactic
syntax (name := anyGoals) "any_goals " tacticSeq : tactic
syntax (name := focus) "focus " tacticSeq : tactic
syntax (name := revert) "revert" many1(ppSpace colGt term:1024) : tactic
syntax (name := clear) "clear" many1(ppSpace colGt term:1024) : tactic
syntax (name := subst) "subst" many1(ppSpace colGt term:1024) : tactic
syntax (name := injection) "injection " term optional(" with" many1(ppSpace colGt orelse(ident, hole))) : tactic
syntax (name := specialize) "specialize " term : tactic
syntax (name := «show») "show " term : tactic
syntax (name := change) "change " term optional(location) : tactic
syntax (name := unfold) "unfold" many1(ppSpace colGt term:1024) optional(location) : tactic
syntax (name := delta) "delta" many1(ppSpace colGt ident) optional(location) : tactic
syntax (name := rename) "rename " term " => " ident : tactic
syntax (name := decide) "decide" optConfig : tactic
syntax rwRule := optional(orelse("← ", "<- ")) term
syntax rwRuleSeq := " [" withoutPosition(sepBy(rwRule, ",", ", ", allowTrailingSep)) "]"
syntax (name := rewriteSeq) "rewrite" optConfig rwRuleSeq optional(location) : tactic
syntax elimTarget := optional(atomic(orelse(ident, hole) " : ")) term
syntax inductionAltLHS := withPosition("| " orelse(group(optional("@") ident), hole) many(colGt orelse(ident, hole)))
syntax inductionAlt :=
  ppDedent(ppLine) many1(inductionAltLHS) optional(" => " orelse(hole, orelse(syntheticHole, tacticSeq)))
syntax inductionAlts := " with" optional(ppSpace colGt tactic) withPosition(many(colGe inductionAlt))
syntax (name := induction) "induction " sepBy1(elimTarget, ",", ", ") optional(" using " term)
  optional(" generalizing" many1(ppSpace colGt term:1024)) optional(inductionAlts) : tactic
syntax (name := case) "case " sepBy1(inductionAltLHS, " | ") " => " tacticSeq : tactic
syntax (name := generalize) "generalize " sepBy1(elimTarget, ",", ", ") optional(location) : tactic
syntax (name := cases) "cases " sepBy1(elimTarget, ",", ", ") optional(" using " term) optional(inductionAlts) : tactic
syntax discharger := "(" &"discharger" " := " tacticSeq ")"
syntax simpPre := "↓"
syntax simpPost := "↑"
syntax simpLemma := optional(orelse(simpPre, simpPost)) optional(orelse("← ", "<- ")) term
syntax simpErase := "-" term:1024
syntax simpStar := "*"
syntax (name := simp) "simp" optConfig optional(discharger) optional(&" only")
  optional(" [" withoutPosition(sepBy(orelse(simpStar, orelse(simpErase, simpLemma)), ",", ", ", allowTrailingSep)) "]")
  optional(location) : tactic
end Lean.Parser.Tactic

namespace Lean
syntax (name := cdot) orelse("· ", ". ") withPosition(colGe tacticSeq) : tactic
end Lean
