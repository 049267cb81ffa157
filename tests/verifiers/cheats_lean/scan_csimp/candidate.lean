@[csimp] theorem lie : @truth = @falsity := by decide
