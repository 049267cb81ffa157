def c := '"'
axiom cheat : False
def d := '"'
