exact sorry
