(*
Statement: Removing idle steps from a plan twice is the same as removing them once.
Proof: A cleaned plan has no idle step, and a plan without idle steps stays as it is when it is cleaned; both by induction.
Steps:
1. Show that a cleaned plan is busy.
2. Show that cleaning keeps busy plans.
3. Combine both.
*)
Inductive plan : Type := rest | idle (p : plan) | work (p : plan).
Fixpoint clean (p : plan) : plan := match p with rest => rest | idle q => clean q | work q => work (clean q) end.
Fixpoint busy (p : plan) : Prop := match p with rest => True | idle _ => False | work q => busy q end.

Lemma clean_is_busy : forall p, busy (clean p).
Proof. induction p; simpl; auto. Qed.

Lemma busy_stays : forall p, busy p -> clean p = p.
Proof. induction p; simpl; intros h; [reflexivity | destruct h | rewrite IHp; auto]. Qed.

Theorem cleaned_twice : forall p, clean (clean p) = clean p.
Proof. intros p. apply busy_stays. apply clean_is_busy. Qed.
