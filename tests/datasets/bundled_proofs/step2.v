(* Reference proofs of step2: every statement of datasets/bundled/step2.jsonl holds. For tests only. *)

Inductive num : Type := zero : num | next : num -> num.

Fixpoint add (n m : num) {struct n} : num :=
  match n with zero => m | next k => next (add k m) end.

Fixpoint plus_right (n m : num) {struct m} : num :=
  match m with zero => n | next k => next (plus_right n k) end.

Fixpoint pour (n m : num) {struct n} : num :=
  match n with zero => m | next k => pour k (next m) end.

Fixpoint double (n : num) {struct n} : num :=
  match n with zero => zero | next k => next (next (double k)) end.

Fixpoint minus (n m : num) {struct n} : num :=
  match n with zero => zero | next k => match m with zero => n | next j => minus k j end end.

Fixpoint at_most (n m : num) {struct n} : bool :=
  match n with zero => true | next k => match m with zero => false | next j => at_most k j end end.

Fixpoint larger (n m : num) {struct n} : num :=
  match n with zero => m | next k => match m with zero => n | next j => next (larger k j) end end.

Inductive seq (A : Type) : Type := empty : seq A | link : A -> seq A -> seq A.

Fixpoint join (A : Type) (xs ys : seq A) {struct xs} : seq A :=
  match xs with empty _ => ys | link _ x rest => @link A x (@join A rest ys) end.

Fixpoint size (A : Type) (xs : seq A) {struct xs} : num :=
  match xs with empty _ => zero | link _ _ rest => next (@size A rest) end.

Fixpoint turn (A : Type) (xs : seq A) {struct xs} : seq A :=
  match xs with empty _ => @empty A | link _ x rest => @join A (@turn A rest) (@link A x (@empty A)) end.

Fixpoint turn_onto (A : Type) (xs acc : seq A) {struct xs} : seq A :=
  match xs with empty _ => acc | link _ x rest => @turn_onto A rest (@link A x acc) end.

Fixpoint each (A B : Type) (f : A -> B) (xs : seq A) {struct xs} : seq B :=
  match xs with empty _ => @empty B | link _ x rest => @link B (f x) (@each A B f rest) end.

Fixpoint keep (A : Type) (p : A -> bool) (xs : seq A) {struct xs} : seq A :=
  match xs with
  | empty _ => @empty A
  | link _ x rest => match p x with true => @link A x (@keep A p rest) | false => @keep A p rest end
  end.

Fixpoint fold_right (A B : Type) (f : A -> B -> B) (start : B) (xs : seq A) {struct xs} : B :=
  match xs with empty _ => start | link _ x rest => f x (@fold_right A B f start rest) end.

Fixpoint fold_left (A B : Type) (f : B -> A -> B) (start : B) (xs : seq A) {struct xs} : B :=
  match xs with empty _ => start | link _ x rest => @fold_left A B f (f start x) rest end.

Fixpoint concat (A : Type) (xss : seq (seq A)) {struct xss} : seq A :=
  match xss with empty _ => @empty A | link _ xs rest => @join A xs (@concat A rest) end.

Inductive row : Type := stop : row | item : num -> row -> row.

Fixpoint chain (xs ys : row) {struct xs} : row :=
  match xs with stop => ys | item x rest => item x (chain rest ys) end.

Fixpoint width (xs : row) {struct xs} : num :=
  match xs with stop => zero | item _ rest => next (width rest) end.

Fixpoint total (xs : row) {struct xs} : num :=
  match xs with stop => zero | item x rest => add x (total rest) end.

Fixpoint insert (n : num) (xs : row) {struct xs} : row :=
  match xs with
  | stop => item n stop
  | item x rest => match at_most n x with true => item n xs | false => item x (insert n rest) end
  end.

Fixpoint sort (xs : row) {struct xs} : row :=
  match xs with stop => stop | item x rest => insert x (sort rest) end.

Inductive tree (A : Type) : Type := bare : tree A | fork : tree A -> A -> tree A -> tree A.

Fixpoint mirror (A : Type) (t : tree A) {struct t} : tree A :=
  match t with bare _ => @bare A | fork _ l x r => @fork A (@mirror A r) x (@mirror A l) end.

Fixpoint weight (A : Type) (t : tree A) {struct t} : num :=
  match t with bare _ => zero | fork _ l _ r => next (add (@weight A l) (@weight A r)) end.

Fixpoint height (A : Type) (t : tree A) {struct t} : num :=
  match t with bare _ => zero | fork _ l _ r => next (larger (@height A l) (@height A r)) end.

Fixpoint repaint (A B : Type) (f : A -> B) (t : tree A) {struct t} : tree B :=
  match t with bare _ => @bare B | fork _ l x r => @fork B (@repaint A B f l) (f x) (@repaint A B f r) end.

Fixpoint listing (A : Type) (t : tree A) {struct t} : seq A :=
  match t with
  | bare _ => @empty A
  | fork _ l x r => @join A (@listing A l) (@link A x (@listing A r))
  end.

Inductive bush (A : Type) : Type := tip : A -> bush A | branch : bush A -> bush A -> bush A.

Fixpoint tips (A : Type) (t : bush A) {struct t} : num :=
  match t with tip _ _ => next zero | branch _ l r => add (@tips A l) (@tips A r) end.

Fixpoint branches (A : Type) (t : bush A) {struct t} : num :=
  match t with tip _ _ => zero | branch _ l r => next (add (@branches A l) (@branches A r)) end.

Fixpoint fringe (A : Type) (t : bush A) {struct t} : seq A :=
  match t with tip _ x => @link A x (@empty A) | branch _ l r => @join A (@fringe A l) (@fringe A r) end.

Fixpoint fringe_onto (A : Type) (t : bush A) (acc : seq A) {struct t} : seq A :=
  match t with tip _ x => @link A x acc | branch _ l r => @fringe_onto A l (@fringe_onto A r acc) end.

Lemma add_zero : forall n : num, add n zero = n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Lemma add_to_next : forall n m : num, add n (next m) = next (add n m).
Proof.
  intros n m; induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem add_swaps : forall n m : num, add n m = add m n.
Proof.
  intros n m; induction n as [| n IH]; simpl; [rewrite add_zero; reflexivity | rewrite add_to_next, IH; reflexivity].
Qed.

Theorem double_by_add : forall n : num, double n = add n n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite add_to_next, IH; reflexivity].
Qed.

Lemma plus_right_zero : forall n : num, plus_right zero n = n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Lemma plus_right_next : forall n m : num, plus_right (next n) m = next (plus_right n m).
Proof.
  intros n m; induction m as [| m IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem plus_right_swaps : forall n m : num, plus_right n m = plus_right m n.
Proof.
  intros n m; induction m as [| m IH]; simpl; [rewrite plus_right_zero; reflexivity | rewrite plus_right_next, IH; reflexivity].
Qed.

Theorem pour_adds : forall n m : num, pour n m = add n m.
Proof.
  induction n as [| n IH]; intros m; simpl; [reflexivity | rewrite IH; apply add_to_next].
Qed.

Lemma at_most_itself : forall n : num, at_most n n = true.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | exact IH].
Qed.

Lemma leq_grows : forall n m : num, at_most n m = true -> at_most n (next m) = true.
Proof.
  induction n as [| n IH]; intros [| m] H; simpl in *; [reflexivity | reflexivity | discriminate H | apply IH; exact H].
Qed.

Theorem at_most_sum : forall n m : num, at_most m (add n m) = true.
Proof.
  intros n m; induction n as [| n IH]; simpl; [apply at_most_itself | apply leq_grows; exact IH].
Qed.

Theorem minus_cancels_second : forall n m : num, minus (add n m) m = n.
Proof.
  intros n m; induction m as [| m IH]; [rewrite add_zero; destruct n; reflexivity |].
  rewrite add_to_next; simpl; exact IH.
Qed.

Lemma size_join : forall (A : Type) (xs ys : seq A), @size A (@join A xs ys) = add (@size A xs) (@size A ys).
Proof.
  intros A xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem size_turn : forall (A : Type) (xs : seq A), @size A (@turn A xs) = @size A xs.
Proof.
  intros A xs; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite size_join, IH; simpl; rewrite add_to_next, add_zero; reflexivity].
Qed.

Lemma join_empty : forall (A : Type) (xs : seq A), @join A xs (@empty A) = xs.
Proof.
  intros A xs; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Lemma join_assoc : forall (A : Type) (xs ys zs : seq A), @join A xs (@join A ys zs) = @join A (@join A xs ys) zs.
Proof.
  intros A xs ys zs; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem turn_join : forall (A : Type) (xs ys : seq A), @turn A (@join A xs ys) = @join A (@turn A ys) (@turn A xs).
Proof.
  intros A xs ys; induction xs as [| x xs IH]; simpl; [rewrite join_empty; reflexivity | rewrite IH, join_assoc; reflexivity].
Qed.

Lemma turn_join_one : forall (A : Type) (xs : seq A) (y : A), @turn A (@join A xs (@link A y (@empty A))) = @link A y (@turn A xs).
Proof.
  intros A xs y; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem turn_twice : forall (A : Type) (xs : seq A), @turn A (@turn A xs) = xs.
Proof.
  intros A xs; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite turn_join_one, IH; reflexivity].
Qed.

Lemma each_join : forall (A B : Type) (f : A -> B) (xs ys : seq A), @each A B f (@join A xs ys) = @join B (@each A B f xs) (@each A B f ys).
Proof.
  intros A B f xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem each_turn : forall (A B : Type) (f : A -> B) (xs : seq A), @each A B f (@turn A xs) = @turn B (@each A B f xs).
Proof.
  intros A B f xs; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite each_join, IH; reflexivity].
Qed.

Lemma keep_join : forall (A : Type) (p : A -> bool) (xs ys : seq A), @keep A p (@join A xs ys) = @join A (@keep A p xs) (@keep A p ys).
Proof.
  intros A p xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; destruct (p x); reflexivity].
Qed.

Theorem keep_turn : forall (A : Type) (p : A -> bool) (xs : seq A), @keep A p (@turn A xs) = @turn A (@keep A p xs).
Proof.
  intros A p xs; induction xs as [| x xs IH]; simpl; [reflexivity |]. rewrite keep_join, IH; simpl; destruct (p x); simpl; [reflexivity | apply join_empty].
Qed.

Theorem size_turn_onto : forall (A : Type) (xs ys : seq A), @size A (@turn_onto A xs ys) = add (@size A xs) (@size A ys).
Proof.
  intros A xs; induction xs as [| x xs IH]; intros ys; simpl; [reflexivity | rewrite IH; simpl; apply add_to_next].
Qed.

Theorem concat_join : forall (A : Type) (xss yss : seq (seq A)), @concat A (@join (seq A) xss yss) = @join A (@concat A xss) (@concat A yss).
Proof.
  intros A xss yss; induction xss as [| xs xss IH]; simpl; [reflexivity | rewrite IH, join_assoc; reflexivity].
Qed.

Lemma fold_right_join : forall (A B : Type) (f : A -> B -> B) (start : B) (xs ys : seq A), @fold_right A B f start (@join A xs ys) = @fold_right A B f (@fold_right A B f start ys) xs.
Proof.
  intros A B f start xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem fold_right_turn : forall (A B : Type) (f : A -> B -> B) (xs : seq A) (start : B), @fold_right A B f start (@turn A xs) = @fold_left A B (fun (b : B) (a : A) => f a b) start xs.
Proof.
  intros A B f xs; induction xs as [| x xs IH]; intros start; simpl; [reflexivity | rewrite fold_right_join; simpl; apply IH].
Qed.

Lemma add_assoc : forall a b c : num, add (add a b) c = add a (add b c).
Proof.
  intros a b c; induction a as [| a IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem total_chain : forall xs ys : row, total (chain xs ys) = add (total xs) (total ys).
Proof.
  intros xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH, add_assoc; reflexivity].
Qed.

Lemma width_insert : forall (n : num) (xs : row), width (insert n xs) = next (width xs).
Proof.
  intros n xs; induction xs as [| x xs IH]; simpl; [reflexivity | destruct (at_most n x); simpl; [reflexivity | rewrite IH; reflexivity]].
Qed.

Theorem width_sort : forall xs : row, width (sort xs) = width xs.
Proof.
  induction xs as [| x xs IH]; simpl; [reflexivity | rewrite width_insert, IH; reflexivity].
Qed.

Theorem weight_mirror : forall (A : Type) (t : tree A), @weight A (@mirror A t) = @weight A t.
Proof.
  intros A t; induction t as [| l IHl x r IHr]; simpl; [reflexivity | rewrite IHl, IHr, add_swaps; reflexivity].
Qed.

Lemma larger_swaps : forall n m : num, larger n m = larger m n.
Proof.
  induction n as [| n IH]; intros [| m]; simpl; [reflexivity | reflexivity | reflexivity | rewrite IH; reflexivity].
Qed.

Theorem height_mirror : forall (A : Type) (t : tree A), @height A (@mirror A t) = @height A t.
Proof.
  intros A t; induction t as [| l IHl x r IHr]; simpl; [reflexivity | rewrite IHl, IHr, larger_swaps; reflexivity].
Qed.

Theorem size_listing : forall (A : Type) (t : tree A), @size A (@listing A t) = @weight A t.
Proof.
  intros A t; induction t as [| l IHl x r IHr]; simpl; [reflexivity | rewrite size_join; simpl; rewrite IHl, IHr; apply add_to_next].
Qed.

Theorem listing_repaint : forall (A B : Type) (f : A -> B) (t : tree A), @listing B (@repaint A B f t) = @each A B f (@listing A t).
Proof.
  intros A B f t; induction t as [| l IHl x r IHr]; simpl; [reflexivity | rewrite each_join; simpl; rewrite IHl, IHr; reflexivity].
Qed.

Theorem tips_and_branches : forall (A : Type) (t : bush A), @tips A t = next (@branches A t).
Proof.
  intros A t; induction t as [x | l IHl r IHr]; simpl; [reflexivity | rewrite IHl, IHr; simpl; rewrite add_to_next; reflexivity].
Qed.

Theorem fringe_onto_join : forall (A : Type) (t : bush A) (ys : seq A), @fringe_onto A t ys = @join A (@fringe A t) ys.
Proof.
  intros A t; induction t as [x | l IHl r IHr]; intros ys; simpl; [reflexivity | rewrite IHl, IHr; apply join_assoc].
Qed.
