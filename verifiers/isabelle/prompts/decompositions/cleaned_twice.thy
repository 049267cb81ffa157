(*
Statement: Removing idle steps from a plan twice is the same as removing them once.
Proof: A cleaned plan has no idle step, and a plan without idle steps stays as it is when it is cleaned; both by induction.
Steps:
1. Show that a cleaned plan is busy.
2. Show that cleaning keeps busy plans.
3. Combine both.
*)
theory Cleaned_twice imports Main
begin

datatype plan = Rest | Idle plan | Work plan
fun clean :: "plan \<Rightarrow> plan" where
  "clean Rest = Rest"
| "clean (Idle q) = clean q"
| "clean (Work q) = Work (clean q)"
fun busy :: "plan \<Rightarrow> bool" where
  "busy Rest = True"
| "busy (Idle q) = False"
| "busy (Work q) = busy q"

lemma clean_is_busy: "busy (clean p)"
  by (induction p) auto

lemma busy_stays: "busy p \<Longrightarrow> clean p = p"
  by (induction p) auto

theorem cleaned_twice: "clean (clean p) = clean p"
  by (simp add: clean_is_busy busy_stays)

end
