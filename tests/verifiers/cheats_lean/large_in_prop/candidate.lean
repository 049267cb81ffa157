inductive Two : Prop where
  | a : Two
  | b : Two

def tell (t : Two) : Bool := t.rec true false

theorem goal : False := by
  cases (rfl : Eq (tell .a) (tell .b))
