(* Reference proofs of step1: every statement of datasets/bundled/step1.jsonl holds. For tests only. *)

Inductive num : Type := zero : num | next : num -> num.

Fixpoint add (n m : num) {struct n} : num :=
  match n with zero => m | next k => next (add k m) end.

Fixpoint plus_right (n m : num) {struct m} : num :=
  match m with zero => n | next k => next (plus_right n k) end.

Fixpoint mul (n m : num) {struct n} : num :=
  match n with zero => zero | next k => add m (mul k m) end.

Fixpoint double (n : num) {struct n} : num :=
  match n with zero => zero | next k => next (next (double k)) end.

Fixpoint half (n : num) {struct n} : num :=
  match n with zero => zero | next k => match k with zero => zero | next j => next (half j) end end.

Definition flip (b : bool) : bool := match b with true => false | false => true end.

Fixpoint even (n : num) {struct n} : bool :=
  match n with zero => true | next k => flip (even k) end.

Fixpoint minus (n m : num) {struct n} : num :=
  match n with zero => zero | next k => match m with zero => n | next j => minus k j end end.

Fixpoint at_most (n m : num) {struct n} : bool :=
  match n with zero => true | next k => match m with zero => false | next j => at_most k j end end.

Fixpoint same (n m : num) {struct n} : bool :=
  match n with
  | zero => match m with zero => true | next _ => false end
  | next k => match m with zero => false | next j => same k j end
  end.

Fixpoint larger (n m : num) {struct n} : num :=
  match n with zero => m | next k => match m with zero => n | next j => next (larger k j) end end.

Inductive seq (A : Type) : Type := empty : seq A | link : A -> seq A -> seq A.

Fixpoint join (A : Type) (xs ys : seq A) {struct xs} : seq A :=
  match xs with empty _ => ys | link _ x rest => @link A x (@join A rest ys) end.

Fixpoint size (A : Type) (xs : seq A) {struct xs} : num :=
  match xs with empty _ => zero | link _ _ rest => next (@size A rest) end.

Fixpoint turn (A : Type) (xs : seq A) {struct xs} : seq A :=
  match xs with empty _ => @empty A | link _ x rest => @join A (@turn A rest) (@link A x (@empty A)) end.

Fixpoint put_last (A : Type) (xs : seq A) (y : A) {struct xs} : seq A :=
  match xs with empty _ => @link A y (@empty A) | link _ x rest => @link A x (@put_last A rest y) end.

Fixpoint each (A B : Type) (f : A -> B) (xs : seq A) {struct xs} : seq B :=
  match xs with empty _ => @empty B | link _ x rest => @link B (f x) (@each A B f rest) end.

Fixpoint keep (A : Type) (p : A -> bool) (xs : seq A) {struct xs} : seq A :=
  match xs with
  | empty _ => @empty A
  | link _ x rest => match p x with true => @link A x (@keep A p rest) | false => @keep A p rest end
  end.

Fixpoint copies (A : Type) (n : num) (x : A) {struct n} : seq A :=
  match n with zero => @empty A | next k => @link A x (@copies A k x) end.

Fixpoint fold_left (A B : Type) (f : B -> A -> B) (start : B) (xs : seq A) {struct xs} : B :=
  match xs with empty _ => start | link _ x rest => @fold_left A B f (f start x) rest end.

Fixpoint front (A : Type) (n : num) (xs : seq A) {struct n} : seq A :=
  match n with
  | zero => @empty A
  | next k => match xs with empty _ => @empty A | link _ x rest => @link A x (@front A k rest) end
  end.

Fixpoint past (A : Type) (n : num) (xs : seq A) {struct n} : seq A :=
  match n with
  | zero => xs
  | next k => match xs with empty _ => @empty A | link _ _ rest => @past A k rest end
  end.

Inductive row : Type := stop : row | item : num -> row -> row.

Fixpoint chain (xs ys : row) {struct xs} : row :=
  match xs with stop => ys | item x rest => item x (chain rest ys) end.

Fixpoint times_found (n : num) (xs : row) {struct xs} : num :=
  match xs with
  | stop => zero
  | item x rest => match same n x with true => next (times_found n rest) | false => times_found n rest end
  end.

Inductive tree (A : Type) : Type := bare : tree A | fork : tree A -> A -> tree A -> tree A.

Fixpoint mirror (A : Type) (t : tree A) {struct t} : tree A :=
  match t with bare _ => @bare A | fork _ l x r => @fork A (@mirror A r) x (@mirror A l) end.

Inductive bush (A : Type) : Type := tip : A -> bush A | branch : bush A -> bush A -> bush A.

Fixpoint swap (A : Type) (t : bush A) {struct t} : bush A :=
  match t with tip _ x => @tip A x | branch _ l r => @branch A (@swap A r) (@swap A l) end.

Fixpoint relabel (A B : Type) (f : A -> B) (t : bush A) {struct t} : bush B :=
  match t with tip _ x => @tip B (f x) | branch _ l r => @branch B (@relabel A B f l) (@relabel A B f r) end.

Theorem add_zero : forall n : num, add n zero = n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem add_assoc : forall a b c : num, add (add a b) c = add a (add b c).
Proof.
  intros a b c; induction a as [| a IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem add_next_slides : forall n m : num, add n (next m) = add (next n) m.
Proof.
  intros n m; induction n as [| n IH]; simpl in *; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem plus_right_zero : forall n : num, plus_right zero n = n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem at_most_itself : forall n : num, at_most n n = true.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | exact IH].
Qed.

Theorem minus_cancels_add : forall n m : num, minus (add n m) n = m.
Proof.
  intros n m; induction n as [| n IH]; simpl; [destruct m; reflexivity | exact IH].
Qed.

Theorem half_of_double : forall n : num, half (double n) = n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem double_is_even : forall n : num, even (double n) = true.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem mul_zero : forall n : num, mul n zero = zero.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | exact IH].
Qed.

Theorem larger_swaps : forall n m : num, larger n m = larger m n.
Proof.
  induction n as [| n IH]; intros [| m]; simpl; [reflexivity | reflexivity | reflexivity | rewrite IH; reflexivity].
Qed.

Theorem join_empty : forall (A : Type) (xs : seq A), @join A xs (@empty A) = xs.
Proof.
  intros A xs; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem join_assoc : forall (A : Type) (xs ys zs : seq A), @join A xs (@join A ys zs) = @join A (@join A xs ys) zs.
Proof.
  intros A xs ys zs; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem size_join : forall (A : Type) (xs ys : seq A), @size A (@join A xs ys) = add (@size A xs) (@size A ys).
Proof.
  intros A xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem turn_put_last : forall (A : Type) (xs : seq A) (y : A), @turn A (@put_last A xs y) = @link A y (@turn A xs).
Proof.
  intros A xs y; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem each_join : forall (A B : Type) (f : A -> B) (xs ys : seq A), @each A B f (@join A xs ys) = @join B (@each A B f xs) (@each A B f ys).
Proof.
  intros A B f xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem keep_join : forall (A : Type) (p : A -> bool) (xs ys : seq A), @keep A p (@join A xs ys) = @join A (@keep A p xs) (@keep A p ys).
Proof.
  intros A p xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; destruct (p x); reflexivity].
Qed.

Theorem front_and_past : forall (A : Type) (xs : seq A) (n : num), @join A (@front A n xs) (@past A n xs) = xs.
Proof.
  intros A xs; induction xs as [| x xs IH]; intros [| n]; simpl; [reflexivity | reflexivity | reflexivity | rewrite IH; reflexivity].
Qed.

Theorem put_last_copies : forall (A : Type) (n : num) (x : A), @put_last A (@copies A n x) x = @copies A (next n) x.
Proof.
  intros A n x; induction n as [| n IH]; simpl in *; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem fold_left_join : forall (A B : Type) (f : B -> A -> B) (xs ys : seq A) (start : B), @fold_left A B f start (@join A xs ys) = @fold_left A B f (@fold_left A B f start xs) ys.
Proof.
  intros A B f xs ys; induction xs as [| x xs IH]; intros start; simpl; [reflexivity | apply IH].
Qed.

Theorem times_found_chain : forall (n : num) (xs ys : row), times_found n (chain xs ys) = add (times_found n xs) (times_found n ys).
Proof.
  intros n xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; destruct (same n x); reflexivity].
Qed.

Theorem mirror_twice : forall (A : Type) (t : tree A), @mirror A (@mirror A t) = t.
Proof.
  intros A t; induction t as [| l IHl x r IHr]; simpl; [reflexivity | rewrite IHl, IHr; reflexivity].
Qed.

Theorem swap_relabel : forall (A B : Type) (f : A -> B) (t : bush A), @swap B (@relabel A B f t) = @relabel A B f (@swap A t).
Proof.
  intros A B f t; induction t as [x | l IHl r IHr]; simpl; [reflexivity | rewrite IHl, IHr; reflexivity].
Qed.
