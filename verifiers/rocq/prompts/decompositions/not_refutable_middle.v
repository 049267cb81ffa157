(*
Statement: It cannot be refuted that P holds or does not hold.
Proof: Suppose not (P or not P). A refuted disjunction refutes both sides: not P, and not not P. These contradict each other.
Steps:
1. Take the left side of the refuted disjunction.
2. Take its right side.
3. Apply one to the other.
*)
Lemma refute_left : forall P Q : Prop, ~ (P \/ Q) -> ~ P.
Proof. intros P Q h p. apply h. left. exact p. Qed.

Lemma refute_right : forall P Q : Prop, ~ (P \/ Q) -> ~ Q.
Proof. intros P Q h q. apply h. right. exact q. Qed.

Theorem not_refutable_middle : forall P : Prop, ~ ~ (P \/ ~ P).
Proof. intros P h. apply (refute_right P (~ P) h). apply (refute_left P (~ P) h). Qed.
