/-
Statement: A chain put behind itself has an even number of links.
Proof: The parity of two chains put together depends only on their parities; two equal parities give an even sum.
Steps:
1. Show how the parity of chains put together comes from their parities.
2. Show that combining a parity with itself gives even.
3. Combine both facts.
-/
inductive Chain : Type where
  | stop : Chain
  | near : Chain → Chain
  | far : Chain → Chain

def glue : Chain → Chain → Chain
  | .stop, b => b
  | .near c, b => .near (glue c b)
  | .far c, b => .far (glue c b)

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

theorem turn_join : ∀ p q, turn (join p q) = join (turn p) q := by
  intro p q
  cases p with
  | even => rfl
  | odd => cases q with
    | even => rfl
    | odd => rfl

theorem count_glue : ∀ a b, count (glue a b) = join (count a) (count b) := by
  intro a b
  induction a with
  | stop => rfl
  | near c ih => simp only [glue, count, ih, turn_join]
  | far c ih => simp only [glue, count, ih, turn_join]

theorem join_self : ∀ p, join p p = Parity.even := by
  intro p
  cases p with
  | even => rfl
  | odd => rfl

theorem chain_doubled : ∀ a, count (glue a a) = Parity.even := by
  intro a
  simp only [count_glue, join_self]
