@[macro_inline] def lie : Nat := 4
