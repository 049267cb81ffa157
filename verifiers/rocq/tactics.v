(* Tactics that the proofs of automation call. All names start with `lm_`.

   The lemmas of a proof come in as tactics: `rw` rewrites the goal once, `rwh` a hypothesis, `fwd` adds one
   consequence of what is known, `fin` closes the goal with a fact, `ac` closes an equation up to commutativity; `unf` unfolds
   definitions without recursion; `stp` rewrites once, with every choice in turn; `cas` splits the
   variable on which the scrutinee of a match is stuck. Each fails when nothing applies. A number of the form `S (S O)` bounds the search.
   Names of the core library are qualified, since a problem's header may use the short ones for things of its own. *)

Ltac lm_clean := repeat
  match goal with
  | H : ?x = ?x |- _ => clear H
  | H : False |- _ => destruct H
  | H : _ = _ |- _ => discriminate H
  | H : ?x = _ |- _ => is_var x; subst x
  | H : _ = ?x |- _ => is_var x; subst x
  | H : _ /\ _ |- _ => destruct H
  | H : Coq.Init.Logic.ex _ |- _ => destruct H
  | H : ?f ?a = ?g ?b |- _ => injection H; clear H; intros
  | H : ?p -> _, K : ?p |- _ => match type of p with Prop => specialize (H K) end
  | H : ?x = ?x -> _ |- _ => specialize (H Coq.Init.Logic.eq_refl)
  | H : ?x = ?y, K : context [?x] |- _ =>
      match y with Coq.Init.Datatypes.true => idtac | Coq.Init.Datatypes.false => idtac end; rewrite H in K
  | H : ?x = ?y |- context [?x] =>
      match y with Coq.Init.Datatypes.true => idtac | Coq.Init.Datatypes.false => idtac end; rewrite H
  end.

(* Using a test of equality that a statement assumes. *)
Ltac lm_tested :=
  match goal with
  | H : forall u v, Coq.Init.Logic.iff (?f u v = Coq.Init.Datatypes.true) (u = v), K : ?f _ _ = Coq.Init.Datatypes.true |- _ =>
      apply H in K
  | H : forall u v, Coq.Init.Logic.iff (?f u v = Coq.Init.Datatypes.true) (u = v) |- context [?f ?x ?x] =>
      rewrite (Coq.Init.Logic.proj2 (H x x) Coq.Init.Logic.eq_refl)
  | H : forall u v, Coq.Init.Logic.iff (?f u v = Coq.Init.Datatypes.true) (u = v), K : context [?f ?x ?x] |- _ =>
      rewrite (Coq.Init.Logic.proj2 (H x x) Coq.Init.Logic.eq_refl) in K
  end.

(* A function that recurses on two arguments has a function inside that computing lays bare: `p`, a call with as many
   arguments as come before it, stands for it again. *)
Ltac lm_refold p :=
  match goal with
  | |- context [?t] => is_fix t; let q := open_constr:(p) in unify t q; tryif has_evar q then fail else change t with q
  | H : context [?t] |- _ =>
      is_fix t; let q := open_constr:(p) in unify t q; tryif has_evar q then fail else change t with q in H
  end.

Ltac lm_open := repeat
  match goal with
  | |- Coq.Init.Logic.not _ => intro
  | |- ?a <> ?b => intro
  | |- forall _, _ => intro
  end.

Ltac lm_norm rw rwh :=
  lm_open;
  repeat (progress (simpl in *; lm_clean; repeat rw ();
    repeat match goal with H : _ = _ |- _ => rwh H end)).

(* A new fact, unless it is known or says nothing. *)
Ltac lm_learn t :=
  let T := type of t in
  let T := eval simpl in T in
  match T with
  | ?x = ?x => fail 1
  | _ => match goal with K : T |- _ => fail 2 | _ => idtac end
  end;
  pose proof (t : T).

(* A contradiction by a hypothesis that denies something, such as the hypothesis of an induction. *)
Ltac lm_absurd :=
  match goal with H : context [Coq.Init.Logic.False] |- _ => idtac | H : context [Coq.Init.Logic.not] |- _ => idtac end;
  unfold Coq.Init.Logic.not in *; exfalso; solve [ eauto 3 ].

Ltac lm_close :=
  solve [ reflexivity | assumption | symmetry; assumption | congruence | auto 3 | symmetry; auto 3 | lm_absurd ].

(* A premise of a rewriting step; `rw` rewrites it first. *)
Ltac lm_side rw := repeat rw (); solve [ assumption | reflexivity | congruence | auto 2 ].

(* Rewriting with a lemma as it stands after simplification: calls that compute halfway look like that in a goal. *)
Ltac lm_rewrite_simplified l := let K := fresh in pose proof l as K; simpl in K; rewrite K; clear K.
Ltac lm_rewrite_simplified_back l := let K := fresh in pose proof l as K; simpl in K; rewrite <- K; clear K.

(* Closing the goal by an instance of a lemma, simplified and rewritten. *)
Ltac lm_instance t rwh :=
  epose proof t as K; repeat (progress (simpl in K; repeat rwh K));
  solve [ exact K | symmetry; exact K | rewrite K; reflexivity | rewrite <- K; reflexivity ].

Ltac lm_no_match t := match t with context [match _ with _ => _ end] => fail 1 | _ => idtac end.

Ltac lm_is_bool s := match type of s with bool => idtac end.

(* What the matches of the goal look at is split; known facts are then carried on by laws until they close it. *)
Ltac lm_facts forward :=
  cbv zeta in *;
  repeat match goal with |- context [match ?s with _ => _ end] => lm_no_match s; destruct s eqn:? end;
  try congruence; do 12 try forward (); congruence.

(* Case splits, the safest first. A variable that only an induction hypothesis looks at is not split: that would
   unroll the hypothesis without end. *)
Ltac lm_split_first :=
  match goal with
  | |- context [match ?s with _ => _ end] => is_var s; destruct s
  | H : _ = _ |- _ =>
      match type of H with context [match ?s with _ => _ end] => lm_no_match s; lm_is_bool s; destruct s eqn:? end
  | |- context [match ?s with _ => _ end] => lm_no_match s; lm_is_bool s; destruct s eqn:?
  | |- _ /\ _ => split
  | H : _ \/ _ |- _ => destruct H
  end.

Ltac lm_split_then :=
  match goal with
  | H : _ = _ |- _ => match type of H with context [match ?s with _ => _ end] => is_var s; destruct s end
  | |- context [match ?s with _ => _ end] => lm_no_match s; destruct s eqn:?
  | H : context [match ?s with _ => _ end] |- _ => lm_no_match s; first [ is_var s; destruct s | destruct s eqn:? ]
  end.

(* Splits an argument on which a call is stuck: a variable, or the result of another call. *)
Ltac lm_head t := match t with ?f _ => lm_head f | _ => t end.
Ltac lm_split_argument v := first [ is_var v; destruct v | let f := lm_head v in is_const f; destruct v eqn:? ].

(* Rewriting once with a hypothesis. *)
Ltac lm_hypothesis_step :=
  multimatch goal with
  | H : context [@Coq.Init.Logic.eq _ _ _] |- _ => rewrite H by (lm_side ltac:(fun _ => fail))
  | H : context [@Coq.Init.Logic.eq _ _ _] |- _ => rewrite <- H by (lm_side ltac:(fun _ => fail))
  end.

(* Brings `a` to the front of the right side, a right-nested combination by an operation `f`. `comm a b` rewrites
   `f a b` to `f b a`; `left_assoc a b c` rewrites `f a (f b c)` to `f (f a b) c`, `right_assoc` the converse. *)
Ltac lm_front f comm left_assoc right_assoc a r :=
  match r with
  | f a _ => idtac
  | f ?b a => comm b a
  | f ?b ?t =>
      lm_front f comm left_assoc right_assoc a t;
      match goal with
      | |- context [f b (f a ?u)] => left_assoc b a u; comm b a; right_assoc a b u
      | |- context [f b a] => comm b a
      end
  end.

Ltac lm_permute f comm left_assoc right_assoc :=
  repeat (progress (
    match goal with
    | |- ?x = ?x => reflexivity
    | |- f ?a ?l = ?r => lm_front f comm left_assoc right_assoc a r; apply Coq.Init.Logic.f_equal
    end)).

(* Congruence: both sides are calls of one function. Where they are not, `f_equal` would give the goal back with
   premises that nobody proves, without end. *)
Ltac lm_same_head :=
  match goal with |- ?x = ?y => let f := lm_head x in let g := lm_head y in constr_eq f g end; progress f_equal.

(* Depth first. Safe case splits are made without looking back; then at most `k` steps with a choice: rewriting with a
   hypothesis or a lemma without a direction, or a split of what a call is stuck on; then the other splits, which cost
   two of `n`, then congruence. What was unfolded is rewritten before it is computed. *)
Ltac lm_go rw rwh fwd fin ac unf stp cas n k :=
  lm_norm rw rwh;
  try (progress (do 6 (try fwd ())); lm_norm rw rwh);
  try lm_close;
  try solve [ fin () ];
  try solve [ ac () ];
  tryif unf (); repeat rw () then lm_go rw rwh fwd fin ac unf stp cas n k else
  match n with
  | Coq.Init.Datatypes.O => lm_rest rw rwh fwd fin ac unf stp cas n k
  | Coq.Init.Datatypes.S ?m =>
      tryif lm_split_first then lm_go rw rwh fwd fin ac unf stp cas m k
      else lm_rest rw rwh fwd fin ac unf stp cas n k
  end
with lm_rest rw rwh fwd fin ac unf stp cas n k :=
  first
  [ match k with Coq.Init.Datatypes.S ?j => once ((lm_hypothesis_step + stp () + cas ()); lm_go rw rwh fwd fin ac unf stp cas n j) end
  | match n with Coq.Init.Datatypes.S (Coq.Init.Datatypes.S ?m) => lm_split_then; lm_go rw rwh fwd fin ac unf stp cas m k end
  | lm_same_head; lm_go rw rwh fwd fin ac unf stp cas n k ].

(* Rewriting with a hypothesis comes first, before splits can take the goal away from it; what a match is then stuck on
   may be split at once. *)
Ltac lm_search rw rwh fwd fin ac unf stp cas :=
  let go k := lm_go rw rwh fwd fin ac unf stp cas constr:(Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S Coq.Init.Datatypes.O)))))))) k in
  first
  [ lm_norm rw rwh; repeat (unf (); repeat rw (); lm_norm rw rwh);
    once (lm_hypothesis_step;
      first [ go Coq.Init.Datatypes.O | once (lm_norm rw rwh; cas (); go Coq.Init.Datatypes.O) ])
  | go constr:(Coq.Init.Datatypes.S Coq.Init.Datatypes.O) ].

Ltac lm_deep rw rwh fwd fin ac unf stp cas := lm_go rw rwh fwd fin ac unf stp cas constr:(Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S (Coq.Init.Datatypes.S Coq.Init.Datatypes.O)))))))) constr:(Coq.Init.Datatypes.S (Coq.Init.Datatypes.S Coq.Init.Datatypes.O)).

(* Simplifies and closes what is easy; what is left shows what is missing. *)
Ltac lm_stuck := lm_norm ltac:(fun _ => fail) ltac:(fun _ => fail); try lm_close.
Ltac lm_stuck_cases := do 3 (try (lm_split_first; lm_stuck)).
