/-
Statement: Removing idle steps from a plan twice is the same as removing them once.
Proof: A cleaned plan has no idle step, and a plan without idle steps stays as it is when it is cleaned; both by induction.
Steps:
1. Show that a cleaned plan is busy.
2. Show that cleaning keeps busy plans.
3. Combine both.
-/
inductive Plan : Type where
  | rest : Plan
  | idle : Plan → Plan
  | work : Plan → Plan

def clean : Plan → Plan
  | .rest => .rest
  | .idle q => clean q
  | .work q => .work (clean q)

def busy : Plan → Prop
  | .rest => True
  | .idle _ => False
  | .work q => busy q

theorem clean_is_busy : ∀ p, busy (clean p) := by
  intro p
  induction p with
  | rest => exact True.intro
  | idle q ih => exact ih
  | work q ih => exact ih

theorem busy_stays : ∀ p, busy p → clean p = p := by
  intro p h
  induction p with
  | rest => rfl
  | idle q ih => exact False.elim h
  | work q ih => exact congrArg Plan.work (ih h)

theorem cleaned_twice : ∀ p, clean (clean p) = clean p := by
  intro p
  apply busy_stays
  exact clean_is_busy p
