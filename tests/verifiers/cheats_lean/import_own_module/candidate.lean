import LemmaryStatement
theorem goal : False := trivial
