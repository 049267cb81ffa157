prelude
import Lemmary
theorem goal : False := trivial
