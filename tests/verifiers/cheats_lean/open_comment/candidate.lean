theorem goal : False := trivial /- and so on
