inductive Bad : Type where
  | mk (f : Bad → False) : Bad

theorem no (b : Bad) : False := b.rec fun f _ => f (.mk f)

theorem goal : False := no (.mk no)
