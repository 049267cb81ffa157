/-
Statement: Flipping the links of a chain made of two flipped chains gives the two chains put together.
Proof: Flipping goes through putting together, and flipping twice is nothing. So flip(glue(flip a, flip b)) = glue(flip(flip a), flip(flip b)) = glue(a, b).
Steps:
1. Move the outer flip into both parts.
2. Cancel the two flips on each part.
-/
inductive Chain : Type where
  | stop : Chain
  | near : Chain → Chain
  | far : Chain → Chain

def flip : Chain → Chain
  | .stop => .stop
  | .near b => .far (flip b)
  | .far b => .near (flip b)

def glue : Chain → Chain → Chain
  | .stop, b => b
  | .near c, b => .near (glue c b)
  | .far c, b => .far (glue c b)

theorem flip_glue : ∀ a b, flip (glue a b) = glue (flip a) (flip b) := by
  intro a b
  induction a with
  | stop => rfl
  | near c ih => simp only [flip, glue, ih]
  | far c ih => simp only [flip, glue, ih]

theorem flip_twice : ∀ a, flip (flip a) = a := by
  intro a
  induction a with
  | stop => rfl
  | near c ih => simp only [flip, ih]
  | far c ih => simp only [flip, ih]

theorem flipped_parts : ∀ a b, flip (glue (flip a) (flip b)) = glue a b := by
  intro a b
  simp only [flip_glue, flip_twice]
