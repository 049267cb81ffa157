by simp (* ‮ *) 
