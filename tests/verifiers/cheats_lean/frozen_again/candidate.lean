def LemmaryFrozen.Statement : Prop := True

theorem goal : LemmaryFrozen.Statement := trivial
