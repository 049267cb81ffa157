inductive T where | a deriving OfNat
