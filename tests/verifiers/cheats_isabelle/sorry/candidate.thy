  sorry
