/-
Statement: Two bushes with the same mirror image are equal.
Proof: Mirroring twice gives the bush back, by induction. Mirror both sides of the hypothesis.
Steps:
1. Show that mirroring twice changes nothing.
2. Write each bush as its mirror image mirrored, and use the hypothesis.
-/
inductive Bush : Type where
  | tip : Bush
  | twig : Bush → Bush
  | fork : Bush → Bush → Bush

def mirror : Bush → Bush
  | .tip => .tip
  | .twig s => .twig (mirror s)
  | .fork l r => .fork (mirror r) (mirror l)

theorem mirror_back : ∀ t, mirror (mirror t) = t := by
  intro t
  induction t with
  | tip => rfl
  | twig s hs => simp only [mirror, hs]
  | fork l r hl hr => simp only [mirror, hl, hr]

theorem mirror_injective : ∀ s t, mirror s = mirror t → s = t := by
  intro s t h
  exact Eq.trans (Eq.symm (mirror_back s)) (Eq.trans (congrArg mirror h) (mirror_back t))
