set_option debug.skipKernelTC true
theorem goal : 2 + 2 = 5 := rfl
