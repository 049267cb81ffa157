/-
Statement: An inverted word has as many zeros as the word has ones.
Proof: The ones of an inverted word are the zeros of the word, by induction. Inverting twice gives the word back, so the roles may be exchanged.
Steps:
1. Count the ones of an inverted word.
2. Show that inverting twice changes nothing.
3. Apply the first fact to the inverted word.
-/
inductive Tally : Type where
  | none : Tally
  | more : Tally → Tally

inductive Word : Type where
  | done : Word
  | zero : Word → Word
  | one : Word → Word

def invert : Word → Word
  | .done => .done
  | .zero v => .one (invert v)
  | .one v => .zero (invert v)

def ones : Word → Tally
  | .done => .none
  | .zero v => ones v
  | .one v => .more (ones v)

def zeros : Word → Tally
  | .done => .none
  | .zero v => .more (zeros v)
  | .one v => zeros v

theorem ones_invert : ∀ w, ones (invert w) = zeros w := by
  intro w
  induction w with
  | done => rfl
  | zero v ih => simp only [invert, ones, zeros, ih]
  | one v ih => simp only [invert, ones, zeros, ih]

theorem invert_twice : ∀ w, invert (invert w) = w := by
  intro w
  induction w with
  | done => rfl
  | zero v ih => simp only [invert, ih]
  | one v ih => simp only [invert, ih]

theorem inverted_word : ∀ w, zeros (invert w) = ones w := by
  intro w
  exact Eq.trans (Eq.symm (ones_invert (invert w))) (congrArg ones (invert_twice w))
