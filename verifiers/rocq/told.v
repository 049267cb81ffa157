(* The search of `tactics.v` as a tactic that says what it tries (see `told.py`): `G` and how deep it is for each goal
   that it comes to, `H`, that and the name of each hypothesis there, `T`, that and a step before the step is tried, `A`
   for a further one of the same, and `B` where it begins a goal again.

   What is written in capitals is put in: closing tactics, steps that need no choice, those that do, and numbers. As in
   `tactics.v`, what is left after the first steps is rewritten with a hypothesis first of all, and with choices else. *)
let rec go k n c f :=
  match goal with |- _ =>
    idtac "G" k ":";
    try match goal with H : _ |- _ => idtac "H" k ":" H; fail end;
    first
    [ idtac "T" k ": reflexivity"; reflexivity
    | idtac "T" k ": assumption"; assumption
    | match k with Coq.Init.Datatypes.O => first [ CLOSERS ] end
    | tryif first
          [ match goal with
            | |- forall _, _ => idtac "T" k ": intros"; intros
            | |- Coq.Init.Logic.not _ => idtac "T" k ": intro"; intro
            | |- ?a <> ?b => idtac "T" k ": intro"; intro
            end
          | match goal with
            | H : ?x = ?x |- _ => idtac "T" k ": clear" H; clear H
            | H : False |- _ => idtac "T" k ": destruct" H; destruct H
            | H : _ = _ |- _ => idtac "T" k ": discriminate" H; discriminate H
            | H : ?x = _ |- _ => is_var x; idtac "T" k ": subst" x; subst x
            | H : _ = ?x |- _ => is_var x; idtac "T" k ": subst" x; subst x
            | H : _ /\ _ |- _ => idtac "T" k ": destruct" H; destruct H
            | H : Coq.Init.Logic.ex _ |- _ => idtac "T" k ": destruct" H; destruct H
            | H : ?f ?a = ?g ?b |- _ =>
                idtac "T" k ": injection" H "; clear" H "; intros"; injection H; clear H; intros
            | H : ?p -> _, K : ?p |- _ =>
                match type of p with Prop => idtac "T" k ": specialize (" H K ")"; specialize (H K) end
            | H : ?x = ?x -> _ |- _ =>
                idtac "T" k ": specialize (" H "eq_refl )"; specialize (H Coq.Init.Logic.eq_refl)
            | H : ?x = ?y, K : context [?x] |- _ =>
                match y with Coq.Init.Datatypes.true => idtac | Coq.Init.Datatypes.false => idtac end;
                idtac "T" k ": rewrite" H "in" K; rewrite H in K
            | H : ?x = ?y |- context [?x] =>
                match y with Coq.Init.Datatypes.true => idtac | Coq.Init.Datatypes.false => idtac end;
                idtac "T" k ": rewrite" H; rewrite H
            end
          | idtac "T" k ": simpl"; progress simpl
          | idtac "T" k ": simpl in *"; progress simpl in *
          | SURE ]
      then go (Coq.Init.Datatypes.S k) n c f
      else first
      [ CLOSERS
      | tryif UNFOLD then go (Coq.Init.Datatypes.S k) n c f else
        match f with
        | Coq.Init.Logic.True =>
            match goal with
            | H : context [@Coq.Init.Logic.eq _ _ _] |- _ =>
                BY_HYPOTHESIS; go (Coq.Init.Datatypes.S k) n Coq.Init.Datatypes.O Coq.Init.Logic.False
            | H : context [@Coq.Init.Logic.eq _ _ _] |- _ =>
                lazymatch type of H with
                | _ = Coq.Init.Datatypes.true => fail
                | _ = Coq.Init.Datatypes.false => fail
                | _ => idtac
                end;
                BACKWARDS; go (Coq.Init.Datatypes.S k) n Coq.Init.Datatypes.O Coq.Init.Logic.False
            end
        | Coq.Init.Logic.False =>
          tryif match n with Coq.Init.Datatypes.S _ =>
            match goal with
            | |- context [match ?s with _ => _ end] => is_var s; idtac "T" k ": destruct" s; destruct s
            | H : _ = _ |- _ =>
                match type of H with context [match ?s with _ => _ end] =>
                  lm_no_match s; lm_is_bool s; let E := fresh "e0" in idtac "T" k ": destruct (" s ") eqn:" E; destruct s eqn:E
                end
            | |- context [match ?s with _ => _ end] =>
                lm_no_match s; lm_is_bool s; let E := fresh "e0" in idtac "T" k ": destruct (" s ") eqn:" E; destruct s eqn:E
            | |- _ /\ _ => idtac "T" k ": split"; split
            | H : _ \/ _ |- _ => idtac "T" k ": destruct" H; destruct H
            end
          end
          then match n with Coq.Init.Datatypes.S ?m => go (Coq.Init.Datatypes.S k) m c f end
          else first
          [ match c with Coq.Init.Datatypes.S ?j =>
            match goal with
            | H : context [@Coq.Init.Logic.eq _ _ _] |- _ =>
                BY_HYPOTHESIS; go (Coq.Init.Datatypes.S k) n j f
            | H : context [@Coq.Init.Logic.eq _ _ _] |- _ =>
                lazymatch type of H with
                | _ = Coq.Init.Datatypes.true => fail
                | _ = Coq.Init.Datatypes.false => fail
                | _ => idtac
                end;
                BACKWARDS; go (Coq.Init.Datatypes.S k) n j f
            end
            end
          | match c with Coq.Init.Datatypes.S ?j => once (CHOICES; go (Coq.Init.Datatypes.S k) n j f) end
          | match n with Coq.Init.Datatypes.S (Coq.Init.Datatypes.S ?m) =>
            match goal with
            | H : _ = _ |- _ =>
                match type of H with context [match ?s with _ => _ end] =>
                  is_var s; idtac "T" k ": destruct" s; destruct s
                end
            | |- context [match ?s with _ => _ end] =>
                lm_no_match s; let E := fresh "e0" in idtac "T" k ": destruct (" s ") eqn:" E; destruct s eqn:E
            | H : context [match ?s with _ => _ end] |- _ =>
                lm_no_match s;
                first
                [ is_var s; idtac "T" k ": destruct" s; destruct s
                | let E := fresh "e0" in idtac "T" k ": destruct (" s ") eqn:" E; destruct s eqn:E ]
            end;
            go (Coq.Init.Datatypes.S k) m c f
            end
          | lm_same_head; idtac "T" k ": f_equal"; go (Coq.Init.Datatypes.S k) n c f ]
        end ] ]
  end
in match goal with |- _ =>
  first
  [ go Coq.Init.Datatypes.O SPLITS Coq.Init.Datatypes.O HASTE
  | idtac "B 0 :"; go Coq.Init.Datatypes.O SPLITS MOST Coq.Init.Logic.False ]
end
