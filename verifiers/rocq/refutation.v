Ltac lm_too_small :=
  repeat lazymatch goal with wrong : Coq.Init.Peano.le _ _ |- _ => inversion_clear wrong end.

Ltac lm_true :=
  cbv beta iota zeta;
  lazymatch goal with
  | |- True => exact I
  | |- _ = _ => vm_compute; reflexivity
  | |- Coq.Init.Peano.le _ _ => vm_compute; repeat constructor
  | |- Coq.Init.Peano.lt _ _ => vm_compute; repeat constructor
  | |- Coq.Init.Peano.ge _ _ => vm_compute; repeat constructor
  | |- Coq.Init.Peano.gt _ _ => vm_compute; repeat constructor
  | |- _ /\ _ => split; lm_true
  | |- _ <-> _ => split; lm_true
  | |- _ \/ _ => first [ left; lm_true | right; lm_true ]
  | |- ~ _ => let given := fresh in intro given; lm_false given
  | |- exists _, _ => unshelve eexists; [ constructor | lm_true ]
  | |- forall _ : ?T, _ =>
      let given := fresh in
      intro given;
      lazymatch type of T with
      | Prop => first [ lm_false given | clear given; lm_true ]
      | _ => destruct given; lm_true
      end
  | _ => first [ progress cbn | progress hnf ]; lm_true
  end
with lm_false given :=
  exfalso;
  cbv beta iota zeta in given;
  lazymatch type of given with
  | False => exact given
  | _ = _ => vm_compute in given; discriminate given
  | Coq.Init.Peano.le _ _ => vm_compute in given; lm_too_small
  | Coq.Init.Peano.lt _ _ => vm_compute in given; lm_too_small
  | Coq.Init.Peano.ge _ _ => vm_compute in given; lm_too_small
  | Coq.Init.Peano.gt _ _ => vm_compute in given; lm_too_small
  | _ /\ _ =>
      let one := fresh in
      let other := fresh in
      destruct given as [one other]; first [ lm_false one | lm_false other ]
  | _ <-> _ =>
      let one := fresh in
      let other := fresh in
      destruct given as [one other]; first [ lm_false one | lm_false other ]
  | _ \/ _ => destruct given as [given | given]; lm_false given
  | ~ _ => apply given; lm_true
  | exists _, _ =>
      let point := fresh in
      let rest := fresh in
      destruct given as [point rest]; destruct point; lm_false rest
  | forall _ : ?T, _ =>
      let rest := fresh in
      lazymatch type of T with
      | Prop => assert (rest : T) by lm_true; specialize (given rest); lm_false given
      | _ => unshelve epose proof (given _) as rest; [ constructor | lm_false rest ]
      end
  | _ => first [ progress cbn in given | progress hnf in given ]; lm_false given
  end.

Ltac lm_given given :=
  lazymatch type of given with
  | ?premise -> _ =>
      let fact := fresh in
      assert (fact : premise) by (clear given; lm_true);
      specialize (given fact);
      clear fact
  end.
