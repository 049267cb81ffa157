theorem goal : False := goal
