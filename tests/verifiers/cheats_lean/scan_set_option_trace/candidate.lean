set_option trace.Meta.synthInstance true
theorem goal : 2 + 2 = 5 := rfl
