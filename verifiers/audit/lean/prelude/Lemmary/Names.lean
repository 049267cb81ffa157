/-
Strings, names and parser descriptions: what a `syntax` command makes. The compiled prover has these types built in;
the constructors stand in its order, and `extern` names are those of its own code.
-/
prelude
import Lemmary.Core
set_option autoImplicit false
universe u

inductive Nat.le (m : Nat) : Nat → Prop where
  | refl : Nat.le m m
  | step {n : Nat} : Nat.le m n → Nat.le m (Nat.succ n)

def Nat.lt (m n : Nat) : Prop := Nat.le (Nat.succ m) n

structure Fin (n : Nat) where
  mk ::
  val : Nat
  isLt : Nat.lt val n

structure BitVec (width : Nat) where
  ofFin ::
  toFin : Fin (Nat.pow 2 width)

structure UInt32 where
  ofBitVec ::
  toBitVec : BitVec 32

structure Char where
  mk ::
  val : UInt32
  valid : True

structure String where
  ofList ::
  toList : List Char

/- Names that mean something to the kernel (the characters of a string; what runs compiled code), as `Nat.div` does. -/

theorem Char.ofNat : True := .intro
theorem Lean.reduceBool : True := .intro
theorem Lean.reduceNat : True := .intro

namespace Lean

inductive Name where
  | anonymous : Name
  | str (pre : Name) (s : String)
  | num (pre : Name) (i : Nat)

@[extern "l_Lean_Name_mkStr"] def Name.mkStr (p : Name) (s : String) : Name := .str p s

@[extern "l_Lean_Name_mkStr1"] def Name.mkStr1 (a : String) : Name := mkStr .anonymous a

@[extern "l_Lean_Name_mkStr2"] def Name.mkStr2 (a b : String) : Name := mkStr (mkStr1 a) b

@[extern "l_Lean_Name_mkStr3"] def Name.mkStr3 (a b c : String) : Name := mkStr (mkStr2 a b) c

@[extern "l_Lean_Name_mkStr4"] def Name.mkStr4 (a b c d : String) : Name := mkStr (mkStr3 a b c) d

@[extern "l_Lean_Name_mkStr5"] def Name.mkStr5 (a b c d e : String) : Name := mkStr (mkStr4 a b c d) e

abbrev SyntaxNodeKind := Name

inductive ParserDescr where
  | const (name : Name)
  | unary (name : Name) (p : ParserDescr)
  | binary (name : Name) (p q : ParserDescr)
  | node (kind : Name) (prec : Nat) (p : ParserDescr)
  | trailingNode (kind : Name) (prec lhsPrec : Nat) (p : ParserDescr)
  | symbol (val : String)
  | nonReservedSymbol (val : String) (includeIdent : Bool)
  | cat (catName : Name) (rbp : Nat)
  | parser (declName : Name)
  | nodeWithAntiquot (name : String) (kind : Name) (p : ParserDescr)
  | sepBy (p : ParserDescr) (sep : String) (psep : ParserDescr) (allowTrailingSep : Bool)
  | sepBy1 (p : ParserDescr) (sep : String) (psep : ParserDescr) (allowTrailingSep : Bool)
  | unicodeSymbol (val asciiVal : String) (preserveForPP : Bool)

abbrev TrailingParserDescr := ParserDescr

end Lean
