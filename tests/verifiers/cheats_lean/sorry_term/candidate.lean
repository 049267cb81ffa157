theorem goal : False := sorry
