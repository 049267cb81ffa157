/- The library that stands in for `Init` where Lean has none: `prelude` and `import Lemmary` begin every file there. -/
prelude
import Lemmary.Notation
