/-
Infix notation, numerals in patterns, and tactics that are macros. What a sign or such a tactic stands for is in the
compiled prover already, as `Init` has it: here stand the classes, how each is written, and the names of those macros.
-/
prelude
import Lemmary.Tactics
set_option autoImplicit false
universe u v w

/- The parser's trees as macros see them; the constructors stand in the compiled prover's order. -/

class Inhabited (α : Sort u) where
  default : α

@[reducible] def outParam (α : Sort u) : Sort u := α

structure Array (α : Type u) where
  mk ::
  toList : List α

structure String.Pos.Raw where
  mk ::
  byteIdx : Nat

structure Substring.Raw where
  mk ::
  str : String
  startPos : String.Pos.Raw
  stopPos : String.Pos.Raw

inductive EStateM.Result (ε σ α : Type u) : Type u where
  | ok (a : α) (s : σ)
  | error (e : ε) (s : σ)

namespace Lean

inductive SourceInfo where
  | original (leading : Substring.Raw) (pos : String.Pos.Raw) (trailing : Substring.Raw) (endPos : String.Pos.Raw)
  | synthetic (pos : String.Pos.Raw) (endPos : String.Pos.Raw) (canonical : Bool)
  | none

inductive Syntax.Preresolved where
  | «namespace» (ns : Name)
  | decl (n : Name) (fields : List String)

inductive Syntax where
  | missing : Syntax
  | node (info : SourceInfo) (kind : SyntaxNodeKind) (args : Array Syntax)
  | atom (info : SourceInfo) (val : String)
  | ident (info : SourceInfo) (rawVal : Substring.Raw) (val : Name) (preresolved : List Syntax.Preresolved)

inductive Macro.Exception where
  | error (ref : Syntax) (msg : String)
  | unsupportedSyntax : Macro.Exception

/- What a macro only hands on. -/
structure Macro.State where
  mk ::
  inside : List Nat

structure Macro.Context where
  mk ::
  inside : List Nat

def Macro : Type := Syntax → Macro.Context → Macro.State → EStateM.Result Macro.Exception Macro.State Syntax

instance : Inhabited Macro := ⟨fun _ _ s => .error .unsupportedSyntax s⟩

def PrettyPrinter.Unexpander : Type := Syntax → Syntax → Unit → EStateM.Result Unit Unit Syntax

instance : Inhabited PrettyPrinter.Unexpander := ⟨fun _ _ s => .error Unit.unit s⟩

end Lean

/- Classes of the signs, and what belongs to them -/

class HAdd (α : Type u) (β : Type v) (γ : outParam (Type w)) where
  hAdd : α → β → γ
class HSub (α : Type u) (β : Type v) (γ : outParam (Type w)) where
  hSub : α → β → γ
class HMul (α : Type u) (β : Type v) (γ : outParam (Type w)) where
  hMul : α → β → γ
class HDiv (α : Type u) (β : Type v) (γ : outParam (Type w)) where
  hDiv : α → β → γ
class HMod (α : Type u) (β : Type v) (γ : outParam (Type w)) where
  hMod : α → β → γ
class HPow (α : Type u) (β : Type v) (γ : outParam (Type w)) where
  hPow : α → β → γ
class HAppend (α : Type u) (β : Type v) (γ : outParam (Type w)) where
  hAppend : α → β → γ
class Add (α : Type u) where
  add : α → α → α
class Sub (α : Type u) where
  sub : α → α → α
class Mul (α : Type u) where
  mul : α → α → α
class Div (α : Type u) where
  div : α → α → α
class Mod (α : Type u) where
  mod : α → α → α
class Neg (α : Type u) where
  neg : α → α
class Pow (α : Type u) (β : Type v) where
  pow : α → β → α
class NatPow (α : Type u) where
  pow : α → Nat → α
class Append (α : Type u) where
  append : α → α → α
class LE (α : Type u) where
  le : α → α → Prop
class LT (α : Type u) where
  lt : α → α → Prop
class Dvd (α : Type u) where
  dvd : α → α → Prop
class BEq (α : Type u) where
  beq : α → α → Bool
class Membership (α : outParam (Type u)) (γ : Type v) where
  mem : γ → α → Prop

@[default_instance] instance instHAdd {α : Type u} [Add α] : HAdd α α α := ⟨Add.add⟩
@[default_instance] instance instHSub {α : Type u} [Sub α] : HSub α α α := ⟨Sub.sub⟩
@[default_instance] instance instHMul {α : Type u} [Mul α] : HMul α α α := ⟨Mul.mul⟩
@[default_instance] instance instHDiv {α : Type u} [Div α] : HDiv α α α := ⟨Div.div⟩
@[default_instance] instance instHMod {α : Type u} [Mod α] : HMod α α α := ⟨Mod.mod⟩
@[default_instance] instance instHPow {α : Type u} {β : Type v} [Pow α β] : HPow α β α := ⟨Pow.pow⟩
@[default_instance] instance instPowNat {α : Type u} [NatPow α] : Pow α Nat := ⟨NatPow.pow⟩
@[default_instance] instance instHAppendOfAppend {α : Type u} [Append α] : HAppend α α α := ⟨Append.append⟩

@[reducible] def GE.ge {α : Type u} [LE α] (a b : α) : Prop := LE.le b a
@[reducible] def GT.gt {α : Type u} [LT α] (a b : α) : Prop := LT.lt b a

abbrev DecidableEq (α : Sort u) := (a b : α) → Decidable (Eq a b)

abbrev DecidableLE (α : Type u) [LE α] := (a b : α) → Decidable (LE.le a b)

abbrev DecidableLT (α : Type u) [LT α] := (a b : α) → Decidable (LT.lt a b)

instance instBEqOfDecidableEq {α : Type u} [DecidableEq α] : BEq α := ⟨fun a b => decide (Eq a b)⟩

instance instAddNat : Add Nat := ⟨Nat.add⟩
instance instSubNat : Sub Nat := ⟨Nat.sub⟩
instance instMulNat : Mul Nat := ⟨Nat.mul⟩
instance instNatPowNat : NatPow Nat := ⟨Nat.pow⟩
instance instLENat : LE Nat := ⟨Nat.le⟩
instance instLTNat : LT Nat := ⟨Nat.lt⟩
instance Nat.instDvdNat : Dvd Nat := ⟨fun a b => Exists fun c => Eq b (HMul.hMul a c)⟩

attribute [match_pattern] Add.add HAdd.hAdd

def List.append {α : Type u} : List α → List α → List α
  | .nil, ys => ys
  | .cons x xs, ys => .cons x (List.append xs ys)

instance List.instAppend {α : Type u} : Append (List α) := ⟨List.append⟩

def List.length {α : Type u} : List α → Nat
  | .nil => .zero
  | .cons _ xs => HAdd.hAdd (List.length xs) (Nat.succ Nat.zero)

/- Signs: how each is written, what `Init` makes of it, and how it is printed. -/

open Lean (Macro)
open Lean.PrettyPrinter (Unexpander)

syntax (name := rawNatLit) "nat_lit " num : term
syntax:65 (name := «term_+_») term:65 " + " term:66 : term
@[macro «term_+_», extern ""] opaque «_aux_Init_Notation___macroRules_term_+__2» : Macro
@[app_unexpander HAdd.hAdd, extern ""] opaque «_aux_Init_Notation___unexpand_HAdd_hAdd_1» : Unexpander
syntax:65 (name := «term_-_») term:65 " - " term:66 : term
@[macro «term_-_», extern ""] opaque «_aux_Init_Notation___macroRules_term_-__2» : Macro
@[app_unexpander HSub.hSub, extern ""] opaque «_aux_Init_Notation___unexpand_HSub_hSub_1» : Unexpander
syntax:70 (name := «term_*_») term:70 " * " term:71 : term
@[macro «term_*_», extern ""] opaque «_aux_Init_Notation___macroRules_term_*__2» : Macro
@[app_unexpander HMul.hMul, extern ""] opaque «_aux_Init_Notation___unexpand_HMul_hMul_1» : Unexpander
syntax:70 (name := «term_/_») term:70 " / " term:71 : term
@[macro «term_/_», extern ""] opaque «_aux_Init_Notation___macroRules_term_/__2» : Macro
@[app_unexpander HDiv.hDiv, extern ""] opaque «_aux_Init_Notation___unexpand_HDiv_hDiv_1» : Unexpander
syntax:70 (name := «term_%_») term:70 " % " term:71 : term
@[macro «term_%_», extern ""] opaque «_aux_Init_Notation___macroRules_term_%__2» : Macro
@[app_unexpander HMod.hMod, extern ""] opaque «_aux_Init_Notation___unexpand_HMod_hMod_1» : Unexpander
syntax:75 (name := «term_^_») term:76 " ^ " term:75 : term
@[macro «term_^_», extern ""] opaque «_aux_Init_Notation___macroRules_term_^__2» : Macro
@[app_unexpander HPow.hPow, extern ""] opaque «_aux_Init_Notation___unexpand_HPow_hPow_1» : Unexpander
syntax:65 (name := «term_++_») term:65 " ++ " term:66 : term
@[macro «term_++_», extern ""] opaque «_aux_Init_Notation___macroRules_term_++__2» : Macro
@[app_unexpander HAppend.hAppend, extern ""] opaque «_aux_Init_Notation___unexpand_HAppend_hAppend_1» : Unexpander
syntax:50 (name := «term_=_») term:51 " = " term:51 : term
@[macro «term_=_», extern ""] opaque «_aux_Init_Notation___macroRules_term_=__2» : Macro
@[app_unexpander Eq, extern ""] opaque «_aux_Init_Notation___unexpand_Eq_1» : Unexpander
syntax:50 (name := «term_≤_») term:51 " ≤ " term:51 : term
@[macro «term_≤_», extern ""] opaque «_aux_Init_Notation___macroRules_term_≤__2» : Macro
@[app_unexpander LE.le, extern ""] opaque «_aux_Init_Notation___unexpand_LE_le_2» : Unexpander
syntax:50 (name := «term_<_») term:51 " < " term:51 : term
@[macro «term_<_», extern ""] opaque «_aux_Init_Notation___macroRules_term_<__2» : Macro
@[app_unexpander LT.lt, extern ""] opaque «_aux_Init_Notation___unexpand_LT_lt_1» : Unexpander
syntax:50 (name := «term_≥_») term:51 " ≥ " term:51 : term
@[macro «term_≥_», extern ""] opaque «_aux_Init_Notation___macroRules_term_≥__2» : Macro
@[app_unexpander GE.ge, extern ""] opaque «_aux_Init_Notation___unexpand_GE_ge_2» : Unexpander
syntax:50 (name := «term_>_») term:51 " > " term:51 : term
@[macro «term_>_», extern ""] opaque «_aux_Init_Notation___macroRules_term_>__2» : Macro
@[app_unexpander GT.gt, extern ""] opaque «_aux_Init_Notation___unexpand_GT_gt_1» : Unexpander
syntax:50 (name := «term_<=_») term:51 " <= " term:51 : term
@[macro «term_<=_», extern ""] opaque «_aux_Init_Notation___macroRules_term_<=__2» : Macro
syntax:50 (name := «term_>=_») term:51 " >= " term:51 : term
@[macro «term_>=_», extern ""] opaque «_aux_Init_Notation___macroRules_term_>=__2» : Macro
syntax:50 (name := «term_==_») term:51 " == " term:51 : term
@[macro «term_==_», extern ""] opaque «_aux_Init_Notation___macroRules_term_==__2» : Macro
@[app_unexpander BEq.beq, extern ""] opaque «_aux_Init_Notation___unexpand_BEq_beq_1» : Unexpander
syntax:50 (name := «term_≠_») term:51 " ≠ " term:51 : term
@[macro «term_≠_», extern ""] opaque «_aux_Init_Core___macroRules_term_≠__2» : Macro
@[app_unexpander Ne, extern ""] opaque «_aux_Init_Core___unexpand_Ne_1» : Unexpander
syntax:35 (name := «term_∧_») term:36 " ∧ " term:35 : term
@[macro «term_∧_», extern ""] opaque «_aux_Init_Notation___macroRules_term_∧__1» : Macro
@[app_unexpander And, extern ""] opaque «_aux_Init_Notation___unexpand_And_1» : Unexpander
syntax:30 (name := «term_∨_») term:31 " ∨ " term:30 : term
@[macro «term_∨_», extern ""] opaque «_aux_Init_Notation___macroRules_term_∨__1» : Macro
@[app_unexpander Or, extern ""] opaque «_aux_Init_Notation___unexpand_Or_1» : Unexpander
syntax:35 (name := «term_/\_») term:36 " /\\ " term:35 : term
@[macro «term_/\_», extern ""] opaque «_aux_Init_Notation___macroRules_term_/\__1» : Macro
syntax:30 (name := «term_\/_») term:31 " \\/ " term:30 : term
@[macro «term_\/_», extern ""] opaque «_aux_Init_Notation___macroRules_term_\/__1» : Macro
syntax:20 (name := «term_↔_») term:21 " ↔ " term:21 : term
@[macro «term_↔_», extern ""] opaque «_aux_Init_Core___macroRules_term_↔__1» : Macro
@[app_unexpander Iff, extern ""] opaque «_aux_Init_Core___unexpand_Iff_2» : Unexpander
syntax:35 (name := «term_&&_») term:36 " && " term:35 : term
@[macro «term_&&_», extern ""] opaque «_aux_Init_Notation___macroRules_term_&&__1» : Macro
@[app_unexpander Bool.and, extern ""] opaque «_aux_Init_Notation___unexpand_Bool_and_1» : Unexpander
syntax:30 (name := «term_||_») term:31 " || " term:30 : term
@[macro «term_||_», extern ""] opaque «_aux_Init_Notation___macroRules_term_||__1» : Macro
@[app_unexpander Bool.or, extern ""] opaque «_aux_Init_Notation___unexpand_Bool_or_1» : Unexpander
syntax:67 (name := «term_::_») term:68 " :: " term:67 : term
@[macro «term_::_», extern ""] opaque «_aux_Init_Notation___macroRules_term_::__1» : Macro
@[app_unexpander List.cons, extern ""] opaque «_aux_Init_Notation___unexpand_List_cons_1» : Unexpander
syntax:90 (name := «term_∘_») term:91 " ∘ " term:90 : term
@[macro «term_∘_», extern ""] opaque «_aux_Init_Notation___macroRules_term_∘__1» : Macro
@[app_unexpander Function.comp, extern ""] opaque «_aux_Init_Notation___unexpand_Function_comp_1» : Unexpander
syntax:50 (name := «term_∣_») term:51 " ∣ " term:51 : term
@[macro «term_∣_», extern ""] opaque «_aux_Init_Notation___macroRules_term_∣__1» : Macro
@[app_unexpander Dvd.dvd, extern ""] opaque «_aux_Init_Notation___unexpand_Dvd_dvd_1» : Unexpander
syntax:50 (name := «term_∈_») term:51 " ∈ " term:51 : term
@[macro «term_∈_», extern ""] opaque «_aux_Init_Notation___macroRules_term_∈__1» : Macro
@[app_unexpander Membership.mem, extern ""] opaque «_aux_Init_Notation___unexpand_Membership_mem_1» : Unexpander
syntax:35 (name := «term_×_») term:36 " × " term:35 : term
@[macro «term_×_», extern ""] opaque «_aux_Init_Notation___macroRules_term_×__1» : Macro
@[app_unexpander Prod, extern ""] opaque «_aux_Init_Notation___unexpand_Prod_1» : Unexpander
syntax:1024 (name := «term¬_») "¬" term:40 : term
@[macro «term¬_», extern ""] opaque «_aux_Init_Notation___macroRules_term¬__1» : Macro
@[app_unexpander Not, extern ""] opaque «_aux_Init_Notation___unexpand_Not_1» : Unexpander
syntax:1024 (name := «term!_») "!" term:40 : term
@[macro «term!_», extern ""] opaque «_aux_Init_Notation___macroRules_term!__1» : Macro
syntax:75 (name := «term-_») "-" term:75 : term
@[macro «term-_», extern ""] opaque «_aux_Init_Notation___macroRules_term-__2» : Macro
syntax (name := termIfThenElse)
  ppRealGroup(ppRealFill(ppIndent("if " term " then") ppSpace term) ppDedent(ppSpace) ppRealFill("else " term)) : term
@[macro termIfThenElse, extern ""] opaque _aux_Init_Notation___macroRules_termIfThenElse_1 : Macro
syntax (name := «term%[_|_]») "%[" withoutPosition(sepBy(term, ",", ", ", allowTrailingSep) " | " term) "]" : term
@[macro «term%[_|_]», extern ""] opaque «_aux_Init_NotationExtra___macroRules_term%[_|_]_1» : Macro
syntax (name := «term[_]») "[" withoutPosition(sepBy(term, ",", ", ", allowTrailingSep)) "]" : term
namespace Lean
@[macro «term[_]», extern ""] opaque «_aux_Init_Data_List_Notation___macroRules_term[_]_1» : Macro
syntax binderIdent := orelse(ident, hole)
syntax unbracketedExplicitBinders := many1(ppSpace binderIdent) optional(" : " term)
syntax bracketedExplicitBinders := "(" withoutPosition(many1(binderIdent ppSpace) ": " term) ")"
syntax explicitBinders := orelse(many1(ppSpace bracketedExplicitBinders), unbracketedExplicitBinders)
end Lean
syntax (name := «term∃_,_») "∃" Lean.explicitBinders ", " term : term
@[macro «term∃_,_», extern ""] opaque «_aux_Init_NotationExtra___macroRules_term∃_,__1» : Macro

syntax (name := termDepIfThenElse)
  ppRealGroup(ppRealFill(ppIndent("if " Lean.binderIdent " : " term " then") ppSpace term) ppDedent(ppSpace)
  ppRealFill("else " term)) : term
@[macro termDepIfThenElse, extern ""] opaque _aux_Init_Notation___macroRules_termDepIfThenElse_1 : Macro

/- Tactics -/

namespace Lean.Parser.Tactic
syntax (name := «case'») "case' " sepBy1(inductionAltLHS, " | ") " => " tacticSeq : tactic
syntax (name := withReducible) "with_reducible " tacticSeq : tactic
syntax (name := rotateRight) "rotate_right" optional(num) : tactic
syntax (name := rotateLeft) "rotate_left" optional(num) : tactic
syntax (name := exacts) "exacts" " [" sepBy(term, ",", ", ", allowTrailingSep) "]" : tactic
syntax (name := simpAll) "simp_all" optConfig optional(discharger) optional(&" only")
  optional(" [" withoutPosition(sepBy(orelse(simpErase, simpLemma), ",", ", ", allowTrailingSep)) "]") : tactic
syntax (name := dsimp) "dsimp" optConfig optional(discharger) optional(&" only")
  optional(" [" withoutPosition(sepBy(orelse(simpErase, simpLemma), ",", ", ", allowTrailingSep)) "]")
  optional(location) : tactic
syntax (name := «tacticTry_») "try " tacticSeq : tactic
@[macro «tacticTry_», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTry__1» : Macro
syntax:1 (name := «tactic_<;>_») tactic:1 " <;> " tactic:2 : tactic
@[macro «tactic_<;>_», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tactic_<;>__1» : Macro
syntax (name := «tacticRfl») "rfl" : tactic
@[macro «tacticRfl», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticRfl_1» : Macro
@[macro «tacticRfl», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticRfl_2» : Macro
@[macro «tacticRfl», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticRfl_3» : Macro
syntax (name := «rwSeq») "rw " optConfig rwRuleSeq optional(location) : tactic
@[macro «rwSeq», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_rwSeq_1» : Macro
syntax (name := «tacticRefine_lift_») "refine_lift " term : tactic
@[macro «tacticRefine_lift_», extern ""]
  opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticRefine_lift__1» : Macro
syntax (name := «tacticHave__») "have" letConfig letDecl : tactic
@[macro «tacticHave__», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticHave___1» : Macro
syntax (name := «tacticLet__») "let" letConfig letDecl : tactic
@[macro «tacticLet__», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticLet___1» : Macro
syntax (name := «tacticSuffices_») "suffices " sufficesDecl : tactic
@[macro «tacticSuffices_», extern ""]
  opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticSuffices__1» : Macro
syntax (name := «tacticExfalso») "exfalso" : tactic
@[macro «tacticExfalso», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticExfalso_1» : Macro
syntax (name := «tacticExists_,,») "exists " sepBy1(term, ",", ", ") : tactic
@[macro «tacticExists_,,», extern ""]
  opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticExists_,,_1» : Macro
syntax (name := «tacticTrivial») "trivial" : tactic
@[macro «tacticTrivial», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTrivial_1» : Macro
@[macro «tacticTrivial», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTrivial_2» : Macro
@[macro «tacticTrivial», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTrivial_3» : Macro
@[macro «tacticTrivial», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTrivial_4» : Macro
@[macro «tacticTrivial», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticTrivial_5» : Macro
syntax (name := «tacticSorry») "sorry" : tactic
@[macro «tacticSorry», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticSorry_1» : Macro
syntax (name := «tacticNext_=>_») "next " many(Lean.binderIdent) " => " tacticSeq : tactic
@[macro «tacticNext_=>_», extern ""] opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticNext_=>__1» : Macro
syntax (name := «tacticInfer_instance») "infer_instance" : tactic
@[macro «tacticInfer_instance», extern ""]
  opaque «_aux_Init_Tactics___macroRules_Lean_Parser_Tactic_tacticInfer_instance_1» : Macro
end Lean.Parser.Tactic

/- Induction and cases speak of `0` and `n + 1` -/

@[induction_eliminator] protected def Nat.recAux {motive : Nat → Sort u} (zero : motive 0)
    (succ : (n : Nat) → motive n → motive (n + 1)) : (t : Nat) → motive t
  | 0 => zero
  | n + 1 => succ n (Nat.recAux zero succ n)

@[cases_eliminator] protected abbrev Nat.casesAuxOn {motive : Nat → Sort u} (t : Nat) (zero : motive 0)
    (succ : (n : Nat) → motive (n + 1)) : motive t :=
  match t with
  | 0 => zero
  | n + 1 => succ n

/- Orders of the natural numbers are decided -/

theorem Nat.zero_le : (n : Nat) → 0 ≤ n
  | 0 => Nat.le.refl
  | n + 1 => Nat.le.step (Nat.zero_le n)

theorem Nat.succ_le_succ {m n : Nat} (h : m ≤ n) : m + 1 ≤ n + 1 :=
  Nat.le.rec (motive := fun k _ => m + 1 ≤ k + 1) Nat.le.refl (fun _ ih => Nat.le.step ih) h

theorem Nat.le_of_ble_eq_true : {m n : Nat} → Nat.ble m n = true → m ≤ n
  | 0, n, _ => Nat.zero_le n
  | _ + 1, 0, h => Bool.noConfusion h
  | _ + 1, _ + 1, h => Nat.succ_le_succ (Nat.le_of_ble_eq_true h)

theorem Nat.ble_self_eq_true : (n : Nat) → Nat.ble n n = true
  | 0 => rfl
  | n + 1 => Nat.ble_self_eq_true n

theorem Nat.ble_succ_eq_true : {m n : Nat} → Nat.ble m n = true → Nat.ble m (n + 1) = true
  | 0, _, _ => rfl
  | _ + 1, 0, h => Bool.noConfusion h
  | m + 1, n + 1, h => Nat.ble_succ_eq_true (m := m) (n := n) h

theorem Nat.ble_eq_true_of_le {m n : Nat} (h : m ≤ n) : Nat.ble m n = true :=
  Nat.le.rec (motive := fun k _ => Nat.ble m k = true) (Nat.ble_self_eq_true m)
    (fun _ ih => Nat.ble_succ_eq_true ih) h

@[extern "lean_nat_dec_le"] instance Nat.decLe (m n : @& Nat) : Decidable (m ≤ n) :=
  match h : Nat.ble m n with
  | true => isTrue (Nat.le_of_ble_eq_true h)
  | false => isFalse fun k => Bool.noConfusion ((Nat.ble_eq_true_of_le k).symm.trans h)

@[extern "lean_nat_dec_lt"] instance Nat.decLt (m n : @& Nat) : Decidable (m < n) := Nat.decLe (m + 1) n

/- What `simp`, `split` and `decide` put into proofs -/

theorem eq_true_of_decide {p : Prop} [Decidable p] (h : decide p = true) : p = True := eq_true (of_decide_eq_true h)

theorem eq_false_of_decide {p : Prop} [Decidable p] (h : decide p = false) : p = False :=
  eq_false (of_decide_eq_false h)

theorem eq_false' {p : Prop} (h : p → False) : p = False := eq_false h

theorem ite_eq_left {c : Prop} {d : Decidable c} (h : c) {α : Sort u} {a b : α} : ite c a b = a :=
  match d with
  | isTrue _ => rfl
  | isFalse no => absurd h no

theorem ite_eq_right {c : Prop} {d : Decidable c} (h : ¬c) {α : Sort u} {a b : α} : ite c a b = b :=
  match d with
  | isTrue yes => absurd yes h
  | isFalse _ => rfl

@[congr] theorem ite_congr {α : Sort u} {p q : Prop} {a b c d : α} {_ : Decidable p} [e : Decidable q]
    (h : p = q) (yes : q → a = c) (no : ¬q → b = d) : ite p a b = ite q c d :=
  match e with
  | isTrue k => (ite_eq_left (h.mpr k)).trans ((yes k).trans (ite_eq_left k).symm)
  | isFalse k => (ite_eq_right fun x => k (h.mp x)).trans ((no k).trans (ite_eq_right k).symm)

theorem ite_eq_left_of_eq_true {α : Sort u} {c : Prop} {_ : Decidable c} (a b : α) (h : c = True) : ite c a b = a :=
  ite_eq_left (of_eq_true h)

theorem ite_eq_right_of_eq_false {α : Sort u} {c : Prop} {_ : Decidable c} (a b : α) (h : c = False) : ite c a b = b :=
  ite_eq_right (of_eq_false h)

theorem ne_eq {α : Sort u} (a b : α) : (a ≠ b) = ¬a = b := rfl

theorem Nat.add_zero (n : Nat) : n + 0 = n := rfl

attribute [simp] eq_self iff_self true_and and_true false_and and_false and_self true_or or_true false_or or_false
  or_self not_true_eq_false not_false_eq_true implies_true ne_eq Nat.add_zero

/- Arithmetic and lists: equations that `simp` is given by name -/

theorem Nat.zero_add (n : Nat) : 0 + n = n := by
  induction n with
  | zero => rfl
  | succ n ih => exact congrArg Nat.succ ih

theorem Nat.add_succ (m n : Nat) : m + Nat.succ n = Nat.succ (m + n) := rfl

theorem Nat.succ_add (m n : Nat) : Nat.succ m + n = Nat.succ (m + n) := by
  induction n with
  | zero => rfl
  | succ n ih => exact congrArg Nat.succ ih

theorem Nat.add_comm (m n : Nat) : m + n = n + m := by
  induction n with
  | zero => exact (Nat.zero_add m).symm
  | succ n ih => exact (congrArg Nat.succ ih).trans (Nat.succ_add n m).symm

theorem Nat.add_assoc (m n k : Nat) : m + n + k = m + (n + k) := by
  induction k with
  | zero => rfl
  | succ k ih => exact congrArg Nat.succ ih

theorem Nat.add_left_comm (m n k : Nat) : m + (n + k) = n + (m + k) := by
  rw [← Nat.add_assoc, ← Nat.add_assoc, Nat.add_comm m n]

theorem Nat.mul_zero (n : Nat) : n * 0 = 0 := rfl

theorem Nat.mul_succ (m n : Nat) : m * Nat.succ n = m * n + m := rfl

theorem Nat.zero_mul (n : Nat) : 0 * n = 0 := by
  induction n with
  | zero => rfl
  | succ n ih => exact ih

theorem Nat.succ_mul (m n : Nat) : Nat.succ m * n = m * n + n := by
  induction n with
  | zero => rfl
  | succ n ih => exact congrArg Nat.succ ((congrArg (· + m) ih).trans (by
      rw [Nat.add_assoc, Nat.add_comm n m, ← Nat.add_assoc]; rfl))

theorem Nat.mul_comm (m n : Nat) : m * n = n * m := by
  induction n with
  | zero => exact (Nat.zero_mul m).symm
  | succ n ih => exact (congrArg (· + m) ih).trans (Nat.succ_mul n m).symm

theorem Nat.mul_add (m n k : Nat) : m * (n + k) = m * n + m * k := by
  induction k with
  | zero => rfl
  | succ k ih => exact (congrArg (· + m) ih).trans (Nat.add_assoc _ _ _)

theorem Nat.add_mul (m n k : Nat) : (m + n) * k = m * k + n * k := by
  rw [Nat.mul_comm, Nat.mul_add, Nat.mul_comm k m, Nat.mul_comm k n]

theorem Nat.mul_assoc (m n k : Nat) : m * n * k = m * (n * k) := by
  induction k with
  | zero => rfl
  | succ k ih => exact (congrArg (· + m * n) ih).trans (Nat.mul_add m (n * k) n).symm

theorem Nat.mul_left_comm (m n k : Nat) : m * (n * k) = n * (m * k) := by
  rw [← Nat.mul_assoc, ← Nat.mul_assoc, Nat.mul_comm m n]

theorem Nat.mul_one (n : Nat) : n * 1 = n := Nat.zero_add n

theorem Nat.one_mul (n : Nat) : 1 * n = n := (Nat.mul_comm 1 n).trans (Nat.mul_one n)

theorem List.nil_append {α : Type u} (xs : List α) : [] ++ xs = xs := rfl

theorem List.cons_append {α : Type u} (x : α) (xs ys : List α) : x :: xs ++ ys = x :: (xs ++ ys) := rfl

theorem List.append_nil {α : Type u} (xs : List α) : xs ++ [] = xs := by
  induction xs with
  | nil => rfl
  | cons x xs ih => exact congrArg (List.cons x) ih

theorem List.append_assoc {α : Type u} (xs ys zs : List α) : xs ++ ys ++ zs = xs ++ (ys ++ zs) := by
  induction xs with
  | nil => rfl
  | cons x xs ih => exact congrArg (List.cons x) ih

theorem List.length_append {α : Type u} (xs ys : List α) : (xs ++ ys).length = xs.length + ys.length := by
  induction xs with
  | nil => exact (Nat.zero_add _).symm
  | cons x xs ih => exact (congrArg Nat.succ ih).trans (Nat.succ_add _ _).symm
