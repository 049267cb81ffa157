open private secret from Mathlib.Init
