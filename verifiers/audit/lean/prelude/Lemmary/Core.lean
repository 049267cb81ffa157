/-
The first declarations of a Lean without `Init`: what the elaborator, the kernel and the code generator look up by name.
Names and types follow Lean's own library, because the prover asks for them; the texts are this project's.
-/
prelude
set_option autoImplicit false
universe u v w

/- The code generator's marks for erased terms; the kernel refuses unsafe constants in everything that is proved. -/
unsafe axiom lcProof {p : Prop} : p
unsafe axiom lcAny : Type
unsafe axiom lcErased : Type
unsafe axiom lcVoid : Type

set_option bootstrap.inductiveCheckResultingUniverse false in
inductive PUnit : Sort u where
  | unit : PUnit

abbrev Unit : Type := PUnit

@[match_pattern] abbrev Unit.unit : Unit := PUnit.unit

inductive True : Prop where
  | intro : True

theorem trivial : True := ⟨⟩

inductive False : Prop

inductive Empty : Type

def Not (p : Prop) : Prop := p → False

@[macro_inline] def False.elim {C : Sort u} (h : False) : C := h.rec

@[macro_inline] def absurd {p : Prop} {C : Sort u} (yes : p) (no : Not p) : C := (no yes).rec

@[inline] def id {α : Sort u} (a : α) : α := a

@[inline] def Function.comp {α : Sort u} {β : Sort v} {δ : Sort w} (f : β → δ) (g : α → β) : α → δ := fun x => f (g x)

@[inline] abbrev Function.const {α : Sort u} (β : Sort v) (a : α) : β → α := fun _ => a

set_option checkBinderAnnotations false in
abbrev inferInstance {α : Sort u} [found : α] : α := found

/- Equality -/

inductive Eq {α : Sort u} : α → α → Prop where
  | refl (a : α) : Eq a a

abbrev Eq.ndrec.{u1, u2} {α : Sort u2} {a : α} {motive : α → Sort u1} (base : motive a) {b : α} (h : Eq a b) :
    motive b :=
  h.rec base

set_option linter.defProp false in
@[match_pattern] def rfl {α : Sort u} {a : α} : Eq a a := Eq.refl a

theorem Eq.subst {α : Sort u} {motive : α → Prop} {a b : α} (h : Eq a b) (x : motive a) : motive b := h.ndrec x

@[symm] theorem Eq.symm {α : Sort u} {a b : α} (h : Eq a b) : Eq b a := h.subst (motive := fun x => Eq x a) rfl

theorem Eq.trans {α : Sort u} {a b c : α} (h : Eq a b) (k : Eq b c) : Eq a c := k.subst (motive := fun x => Eq a x) h

@[macro_inline] def cast {α β : Sort u} (h : Eq α β) (a : α) : β := h.rec a

@[inline] def Eq.mp {α β : Sort u} (h : Eq α β) (a : α) : β := h.rec a

@[inline] def Eq.mpr {α β : Sort u} (h : Eq α β) (b : β) : α := h.symm.mp b

theorem congrArg {α : Sort u} {β : Sort v} {a b : α} (f : α → β) (h : Eq a b) : Eq (f a) (f b) :=
  h.subst (motive := fun x => Eq (f a) (f x)) rfl

theorem congrFun {α : Sort u} {β : α → Sort v} {f g : (x : α) → β x} (h : Eq f g) (a : α) : Eq (f a) (g a) :=
  h.subst (motive := fun (k : (x : α) → β x) => Eq (f a) (k a)) (Eq.refl (f a))

theorem congrFun' {α : Sort u} {β : Sort v} {f g : α → β} (h : Eq f g) (a : α) : Eq (f a) (g a) := congrFun h a

theorem congr {α : Sort u} {β : Sort v} {f g : α → β} {a b : α} (h : Eq f g) (k : Eq a b) : Eq (f a) (g b) :=
  (congrFun' h a).trans (congrArg g k)

abbrev Ne {α : Sort u} (a b : α) : Prop := Not (Eq a b)

theorem Ne.symm {α : Sort u} {a b : α} (h : Ne a b) : Ne b a := fun k => h k.symm

inductive HEq {α : Sort u} : α → {β : Sort u} → β → Prop where
  | refl (a : α) : HEq a a

set_option linter.defProp false in
@[match_pattern] protected def HEq.rfl {α : Sort u} {a : α} : HEq a a := HEq.refl a

theorem eq_of_heq {α : Sort u} {a b : α} (h : HEq a b) : Eq a b :=
  have cast_is : (k : Eq α α) → Eq (cast k a) b :=
    h.rec (motive := fun {γ} (c : γ) _ => (k : Eq α γ) → Eq (cast k a) c) (fun _ => Eq.refl a)
  cast_is rfl

theorem heq_of_eq {α : Sort u} {a b : α} (h : Eq a b) : HEq a b := h.subst (motive := fun x => HEq a x) (HEq.refl a)

/- Connectives and pairs -/

structure And (p q : Prop) : Prop where
  intro ::
  left : p
  right : q

inductive Or (p q : Prop) : Prop where
  | inl (h : p) : Or p q
  | inr (h : q) : Or p q

theorem Or.elim {p q r : Prop} (h : Or p q) (left : p → r) (right : q → r) : r := h.rec left right

structure Iff (p q : Prop) : Prop where
  intro ::
  mp : p → q
  mpr : q → p

inductive Exists {α : Sort u} (p : α → Prop) : Prop where
  | intro (w : α) (h : p w) : Exists p

structure Prod (α : Type u) (β : Type v) where
  mk ::
  fst : α
  snd : β

structure PProd (α : Sort u) (β : Sort v) where
  mk ::
  fst : α
  snd : β

structure MProd (α β : Type u) where
  mk ::
  fst : α
  snd : β

structure PSigma {α : Sort u} (β : α → Sort v) where
  mk ::
  fst : α
  snd : β fst

structure Subtype {α : Sort u} (p : α → Prop) where
  mk ::
  val : α
  property : p val

structure PULift.{r, s} (α : Sort s) : Sort (max s r 1) where
  up ::
  down : α

structure ULift.{r, s} (α : Type s) : Type (max s r) where
  up ::
  down : α

/- Truth values and decisions -/

inductive Bool : Type where
  | false : Bool
  | true : Bool

export Bool (false true)

@[macro_inline] def cond {α : Sort u} (c : Bool) (yes no : α) : α :=
  match c with
  | true => yes
  | false => no

@[macro_inline] def Bool.and (a b : Bool) : Bool := cond a b false

@[macro_inline] def Bool.or (a b : Bool) : Bool := cond a true b

@[inline] def Bool.not (a : Bool) : Bool := cond a false true

class inductive Decidable (p : Prop) where
  | isFalse (h : Not p) : Decidable p
  | isTrue (h : p) : Decidable p

@[inline_if_reduce] def Decidable.decide (p : Prop) [d : Decidable p] : Bool :=
  match d with
  | .isFalse _ => false
  | .isTrue _ => true

export Decidable (isTrue isFalse decide)

@[macro_inline] def dite {α : Sort u} (p : Prop) [d : Decidable p] (yes : p → α) (no : Not p → α) : α :=
  match d with
  | .isTrue h => yes h
  | .isFalse h => no h

@[macro_inline] def ite {α : Sort u} (p : Prop) [d : Decidable p] (yes no : α) : α :=
  match d with
  | .isTrue _ => yes
  | .isFalse _ => no

theorem of_decide_eq_true {p : Prop} [d : Decidable p] : Eq (decide p) true → p :=
  match d with
  | isTrue h => fun _ => h
  | isFalse _ => fun h => Bool.noConfusion h

theorem of_decide_eq_false {p : Prop} [d : Decidable p] : Eq (decide p) false → Not p :=
  match d with
  | isTrue _ => fun h => Bool.noConfusion h
  | isFalse h => fun _ => h

/- What `sorry` stands for; an audit finds it among the axioms. -/
axiom sorryAx (α : Sort u) (synthetic : Bool) : α

axiom propext {p q : Prop} : Iff p q → Eq p q

/- Natural numbers; the kernel and the code generator have their own arithmetic for the functions named here -/

set_option genCtorIdx false in
inductive Nat where
  | zero : Nat
  | succ (n : Nat) : Nat

class OfNat (α : Type u) (_ : Nat) where
  ofNat : α

@[default_instance 100] instance instOfNatNat (n : Nat) : OfNat Nat n := ⟨n⟩

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_add", match_pattern] protected def Nat.add : (@& Nat) → (@& Nat) → Nat
  | m, .zero => m
  | m, .succ n => .succ (Nat.add m n)

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_mul"] protected def Nat.mul : (@& Nat) → (@& Nat) → Nat
  | _, .zero => .zero
  | m, .succ n => Nat.add (Nat.mul m n) m

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_pow"] protected def Nat.pow (m : @& Nat) : (@& Nat) → Nat
  | .zero => .succ .zero
  | .succ n => Nat.mul (Nat.pow m n) m

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_pred"] def Nat.pred : (@& Nat) → Nat
  | .zero => .zero
  | .succ n => n

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_sub"] protected def Nat.sub : (@& Nat) → (@& Nat) → Nat
  | m, .zero => m
  | m, .succ n => Nat.pred (Nat.sub m n)

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_dec_eq"] def Nat.beq : (@& Nat) → (@& Nat) → Bool
  | .zero, .zero => true
  | .zero, .succ _ => false
  | .succ _, .zero => false
  | .succ m, .succ n => Nat.beq m n

theorem Nat.beq_refl : (n : Nat) → Eq (Nat.beq n n) true
  | .zero => rfl
  | .succ n => Nat.beq_refl n

/- How two constructors of one type are told apart: by their numbers. -/
theorem noConfusion_of_Nat {α : Sort u} (f : α → Nat) {a b : α} (h : Eq a b) :
    (Nat.beq (f a) (f b)).rec (motive := fun _ => Prop) False True :=
  have same : (n : Nat) → (Nat.beq n n).rec (motive := fun _ => Prop) False True := fun n =>
    (Nat.beq_refl n).symm.subst (motive := fun (k : Bool) => k.rec (motive := fun _ => Prop) False True) (id True.intro)
  h.subst (motive := fun x => (Nat.beq (f a) (f x)).rec (motive := fun _ => Prop) False True) (same (f a))

set_option bootstrap.genMatcherCode false in
@[extern "lean_nat_dec_le"] def Nat.ble : (@& Nat) → (@& Nat) → Bool
  | .zero, _ => true
  | .succ _, .zero => false
  | .succ m, .succ n => Nat.ble m n

theorem Nat.eq_of_beq_eq_true : {m n : Nat} → Eq (Nat.beq m n) true → Eq m n
  | .zero, .zero, _ => rfl
  | .zero, .succ _, h => Bool.noConfusion h
  | .succ _, .zero, h => Bool.noConfusion h
  | .succ _, .succ _, h => congrArg Nat.succ (Nat.eq_of_beq_eq_true h)

theorem Nat.ne_of_beq_eq_false {m n : Nat} (h : Eq (Nat.beq m n) false) : Ne m n := fun same =>
  Bool.noConfusion ((same.subst (motive := fun k => Eq (Nat.beq m k) true) (Nat.beq_refl m)).symm.trans h)

@[extern "lean_nat_dec_eq"] protected def Nat.decEq (m n : @& Nat) : Decidable (Eq m n) :=
  match h : Nat.beq m n with
  | true => .isTrue (Nat.eq_of_beq_eq_true h)
  | false => .isFalse (Nat.ne_of_beq_eq_false h)

instance instDecidableEqNat (m n : Nat) : Decidable (Eq m n) := Nat.decEq m n

attribute [gen_constructor_elims] Nat

/- The kernel computes these on numerals too, by their names alone, whatever they are defined to be. So nobody may define
them: each stands here for something that cannot be applied. -/

theorem Nat.div : True := .intro
theorem Nat.mod : True := .intro
theorem Nat.gcd : True := .intro
theorem Nat.log2 : True := .intro
theorem Nat.land : True := .intro
theorem Nat.lor : True := .intro
theorem Nat.xor : True := .intro
theorem Nat.shiftLeft : True := .intro
theorem Nat.shiftRight : True := .intro

inductive Option (α : Type u) where
  | none : Option α
  | some (val : α) : Option α

inductive Sum (α : Type u) (β : Type v) where
  | inl (val : α) : Sum α β
  | inr (val : β) : Sum α β

inductive List (α : Type u) where
  | nil : List α
  | cons (head : α) (tail : List α) : List α
