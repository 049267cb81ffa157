def lie : Bool := true
@[implemented_by lie] def truth : Bool := false
