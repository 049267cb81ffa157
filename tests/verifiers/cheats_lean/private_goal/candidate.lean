private theorem goal : True := trivial
