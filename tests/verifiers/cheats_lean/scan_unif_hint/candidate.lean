unif_hint lie where ⊢ 5 ≟ 4
