inductive Tree (α : Type) where
  | leaf : Tree α
  | node (left : Tree α) (value : α) (right : Tree α) : Tree α

def Tree.size {α : Type} : Tree α → Nat
  | .leaf => 0
  | .node l _ r => Nat.succ (Nat.add l.size r.size)

def Tree.mirror {α : Type} : Tree α → Tree α
  | .leaf => .leaf
  | .node l x r => .node r.mirror x l.mirror

def append {α : Type} : List α → List α → List α
  | .nil, ys => ys
  | .cons x xs, ys => .cons x (append xs ys)

def length {α : Type} : List α → Nat
  | .nil => 0
  | .cons _ xs => Nat.succ (length xs)

inductive Colour where
  | red | green | blue

structure Point where
  x : Nat
  y : Nat

def Point.flip (p : Point) : Point := ⟨p.y, p.x⟩
---
theorem mirror_twice {α : Type} (t : Tree α) : Eq t.mirror.mirror t := by
  induction t with
  | leaf => eq_refl
  | node l x r hl hr => simp only [Tree.mirror, hl, hr]
theorem append_nil {α : Type} (xs : List α) : Eq (append xs .nil) xs := by
  induction xs with
  | nil => eq_refl
  | cons x xs h => simp only [append, h]
theorem append_assoc {α : Type} (xs ys zs : List α) : Eq (append (append xs ys) zs) (append xs (append ys zs)) := by
  induction xs with
  | nil => eq_refl
  | cons x xs h =>
    simp only [append]
    rewrite [h]
    eq_refl
theorem length_append {α : Type} (xs ys : List α) : Eq (length (append xs ys)) (Nat.add (length ys) (length xs)) := by
  induction xs with
  | nil => eq_refl
  | cons x xs h => exact congrArg Nat.succ h
theorem size_of_leaf {α : Type} : Eq (Tree.leaf : Tree α).size 0 := rfl
theorem red_is_not_blue (h : Eq Colour.red Colour.blue) : False := by
  cases h
theorem three_colours (c : Colour) : Or (Eq c .red) (Or (Eq c .green) (Eq c .blue)) := by
  cases c
  · exact .inl rfl
  · exact .inr (.inl rfl)
  · exact .inr (.inr rfl)
theorem flip_twice (p : Point) : Eq p.flip.flip p := by
  cases p
  eq_refl
theorem flip_twice_eta (p : Point) : Eq p.flip.flip p := rfl
theorem cons_injective {α : Type} (x y : α) (xs ys : List α) (h : Eq (List.cons x xs) (List.cons y ys)) : Eq xs ys := by
  injection h
theorem head_injective {α : Type} (x y : α) (h : Eq (List.cons x .nil) (List.cons y .nil)) : Eq x y := by
  cases h
  eq_refl
theorem some_is_not_none {α : Type} (x : α) (h : Eq (Option.some x) .none) : False := by
  contradiction
theorem generalised {α : Type} (xs : List α) : ∀ ys : List α, Eq (length (append xs ys)) (Nat.add (length ys) (length xs)) := by
  intro ys
  induction xs generalizing ys with
  | nil => eq_refl
  | cons x xs h => exact congrArg Nat.succ (h ys)
