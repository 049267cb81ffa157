schematic_goal goal: "?x"
  by simp
