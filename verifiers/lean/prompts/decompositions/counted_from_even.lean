/-
Statement: Counting the links of a chain step by step, from even on, gives the chain's parity.
Proof: Counting on from any parity combines the chain's parity with it; this more general fact is proved by induction. Combining with even changes nothing.
Steps:
1. Generalise even to any parity p.
2. Prove that counting on from p combines the chain's parity with p.
3. Take p even.
-/
inductive Chain : Type where
  | stop : Chain
  | near : Chain → Chain
  | far : Chain → Chain


inductive Parity : Type where
  | even : Parity
  | odd : Parity

def turn : Parity → Parity
  | .even => .odd
  | .odd => .even

def join : Parity → Parity → Parity
  | .even, q => q
  | .odd, q => turn q

def count : Chain → Parity
  | .stop => .even
  | .near b => turn (count b)
  | .far b => turn (count b)

def onto : Chain → Parity → Parity
  | .stop, p => p
  | .near b, p => onto b (turn p)
  | .far b, p => onto b (turn p)

theorem join_even : ∀ p, join p Parity.even = p := by
  intro p
  cases p with
  | even => rfl
  | odd => rfl

theorem join_turn : ∀ p q, join p (turn q) = join (turn p) q := by
  intro p q
  cases p with
  | even => rfl
  | odd => cases q with
    | even => rfl
    | odd => rfl

theorem onto_count : ∀ a p, onto a p = join (count a) p := by
  intro a p
  induction a generalizing p with
  | stop => rfl
  | near b ih => simp only [onto, count, ih, join_turn]
  | far b ih => simp only [onto, count, ih, join_turn]

theorem counted_from_even : ∀ a, onto a Parity.even = count a := by
  intro a
  simp only [onto_count, join_even]
