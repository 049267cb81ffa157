public import Mathlib
