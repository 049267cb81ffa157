attribute [local simp] evil
