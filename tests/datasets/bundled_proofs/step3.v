(* Reference proofs of step3: every statement of datasets/bundled/step3.jsonl holds. For tests only. *)

Inductive num : Type := zero : num | next : num -> num.

Fixpoint add (n m : num) {struct n} : num :=
  match n with zero => m | next k => next (add k m) end.

Fixpoint mul (n m : num) {struct n} : num :=
  match n with zero => zero | next k => add m (mul k m) end.

Fixpoint mul_onto (n m sum : num) {struct n} : num :=
  match n with zero => sum | next k => mul_onto k m (add m sum) end.

Fixpoint double (n : num) {struct n} : num :=
  match n with zero => zero | next k => next (next (double k)) end.

Fixpoint at_most (n m : num) {struct n} : bool :=
  match n with zero => true | next k => match m with zero => false | next j => at_most k j end end.

Fixpoint same (n m : num) {struct n} : bool :=
  match n with
  | zero => match m with zero => true | next _ => false end
  | next k => match m with zero => false | next j => same k j end
  end.

Fixpoint larger (n m : num) {struct n} : num :=
  match n with zero => m | next k => match m with zero => n | next j => next (larger k j) end end.

Fixpoint power (base exponent : num) {struct exponent} : num :=
  match exponent with zero => next zero | next k => mul base (power base k) end.

Fixpoint power_onto (base exponent product : num) {struct exponent} : num :=
  match exponent with zero => product | next k => power_onto base k (mul base product) end.

Fixpoint triangle (n : num) {struct n} : num :=
  match n with zero => zero | next k => add n (triangle k) end.

Fixpoint odd_sum (n : num) {struct n} : num :=
  match n with zero => zero | next k => add (next (double k)) (odd_sum k) end.

Inductive seq (A : Type) : Type := empty : seq A | link : A -> seq A -> seq A.

Fixpoint join (A : Type) (xs ys : seq A) {struct xs} : seq A :=
  match xs with empty _ => ys | link _ x rest => @link A x (@join A rest ys) end.

Fixpoint size (A : Type) (xs : seq A) {struct xs} : num :=
  match xs with empty _ => zero | link _ _ rest => next (@size A rest) end.

Fixpoint turn (A : Type) (xs : seq A) {struct xs} : seq A :=
  match xs with empty _ => @empty A | link _ x rest => @join A (@turn A rest) (@link A x (@empty A)) end.

Fixpoint turn_onto (A : Type) (xs acc : seq A) {struct xs} : seq A :=
  match xs with empty _ => acc | link _ x rest => @turn_onto A rest (@link A x acc) end.

Fixpoint spin (A : Type) (n : num) (xs : seq A) {struct n} : seq A :=
  match n with
  | zero => xs
  | next k => match xs with
              | empty _ => @empty A
              | link _ x rest => @spin A k (@join A rest (@link A x (@empty A)))
              end
  end.

Inductive row : Type := stop : row | item : num -> row -> row.

Fixpoint chain (xs ys : row) {struct xs} : row :=
  match xs with stop => ys | item x rest => item x (chain rest ys) end.

Fixpoint width (xs : row) {struct xs} : num :=
  match xs with stop => zero | item _ rest => next (width rest) end.

Fixpoint total (xs : row) {struct xs} : num :=
  match xs with stop => zero | item x rest => add x (total rest) end.

Fixpoint total_onto (xs : row) (sum : num) {struct xs} : num :=
  match xs with stop => sum | item x rest => total_onto rest (add sum x) end.

Fixpoint backwards (xs : row) {struct xs} : row :=
  match xs with stop => stop | item x rest => chain (backwards rest) (item x stop) end.

Fixpoint times_found (n : num) (xs : row) {struct xs} : num :=
  match xs with
  | stop => zero
  | item x rest => match same n x with true => next (times_found n rest) | false => times_found n rest end
  end.

Fixpoint insert (n : num) (xs : row) {struct xs} : row :=
  match xs with
  | stop => item n stop
  | item x rest => match at_most n x with true => item n xs | false => item x (insert n rest) end
  end.

Fixpoint sort (xs : row) {struct xs} : row :=
  match xs with stop => stop | item x rest => insert x (sort rest) end.

Fixpoint rising (xs : row) {struct xs} : bool :=
  match xs with
  | stop => true
  | item x rest => match rest with
                   | stop => true
                   | item y _ => match at_most x y with true => rising rest | false => false end
                   end
  end.

Inductive tree (A : Type) : Type := bare : tree A | fork : tree A -> A -> tree A -> tree A.

Fixpoint mirror (A : Type) (t : tree A) {struct t} : tree A :=
  match t with bare _ => @bare A | fork _ l x r => @fork A (@mirror A r) x (@mirror A l) end.

Fixpoint weight (A : Type) (t : tree A) {struct t} : num :=
  match t with bare _ => zero | fork _ l _ r => next (add (@weight A l) (@weight A r)) end.

Fixpoint height (A : Type) (t : tree A) {struct t} : num :=
  match t with bare _ => zero | fork _ l _ r => next (larger (@height A l) (@height A r)) end.

Fixpoint listing (A : Type) (t : tree A) {struct t} : seq A :=
  match t with
  | bare _ => @empty A
  | fork _ l x r => @join A (@listing A l) (@link A x (@listing A r))
  end.

Fixpoint listing_onto (A : Type) (t : tree A) (acc : seq A) {struct t} : seq A :=
  match t with
  | bare _ => acc
  | fork _ l x r => @listing_onto A l (@link A x (@listing_onto A r acc))
  end.

Inductive bush (A : Type) : Type := tip : A -> bush A | branch : bush A -> bush A -> bush A.

Fixpoint swap (A : Type) (t : bush A) {struct t} : bush A :=
  match t with tip _ x => @tip A x | branch _ l r => @branch A (@swap A r) (@swap A l) end.

Fixpoint fringe (A : Type) (t : bush A) {struct t} : seq A :=
  match t with tip _ x => @link A x (@empty A) | branch _ l r => @join A (@fringe A l) (@fringe A r) end.

Fixpoint fringe_onto (A : Type) (t : bush A) (acc : seq A) {struct t} : seq A :=
  match t with tip _ x => @link A x acc | branch _ l r => @fringe_onto A l (@fringe_onto A r acc) end.

Inductive shelf : Type := bottom : shelf | parted : shelf -> num -> shelf -> shelf.

Fixpoint store (n : num) (t : shelf) {struct t} : shelf :=
  match t with
  | bottom => parted bottom n bottom
  | parted l x r => match at_most n x with true => parted (store n l) x r | false => parted l x (store n r) end
  end.

Fixpoint stock (t : shelf) {struct t} : num :=
  match t with bottom => zero | parted l _ r => next (add (stock l) (stock r)) end.

Fixpoint store_all (xs : row) (t : shelf) {struct xs} : shelf :=
  match xs with stop => t | item x rest => store_all rest (store x t) end.

Fixpoint reading (t : shelf) {struct t} : row :=
  match t with bottom => stop | parted l x r => chain (reading l) (item x (reading r)) end.

Fixpoint worth (t : shelf) {struct t} : num :=
  match t with bottom => zero | parted l x r => add (worth l) (add x (worth r)) end.

Fixpoint worth_onto (t : shelf) (sum : num) {struct t} : num :=
  match t with bottom => sum | parted l x r => worth_onto l (add x (worth_onto r sum)) end.

Lemma mul_zero : forall n : num, mul n zero = zero.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | exact IH].
Qed.

Lemma add_assoc : forall a b c : num, add (add a b) c = add a (add b c).
Proof.
  intros a b c; induction a as [| a IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Lemma add_zero : forall n : num, add n zero = n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Lemma add_to_next : forall n m : num, add n (next m) = next (add n m).
Proof.
  intros n m; induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Lemma add_swaps : forall n m : num, add n m = add m n.
Proof.
  intros n m; induction n as [| n IH]; simpl; [rewrite add_zero; reflexivity | rewrite add_to_next, IH; reflexivity].
Qed.

Lemma add_swaps_front : forall a b c : num, add a (add b c) = add b (add a c).
Proof.
  intros a b c; rewrite <- add_assoc, (add_swaps a b), add_assoc; reflexivity.
Qed.

Lemma mul_next : forall n m : num, mul n (next m) = add n (mul n m).
Proof.
  intros n m; induction n as [| n IH]; simpl; [reflexivity | rewrite IH, (add_swaps_front m n); reflexivity].
Qed.

Theorem mul_swaps : forall n m : num, mul n m = mul m n.
Proof.
  intros n m; induction n as [| n IH]; simpl; [rewrite mul_zero; reflexivity | rewrite mul_next, IH; reflexivity].
Qed.

Theorem mul_distributes : forall n m k : num, mul n (add m k) = add (mul n m) (mul n k).
Proof.
  intros n m k; induction n as [| n IH]; simpl; [reflexivity |].
  rewrite IH, !add_assoc, (add_swaps_front k); reflexivity.
Qed.

Lemma mul_over_add : forall n m k : num, mul (add n m) k = add (mul n k) (mul m k).
Proof.
  intros n m k; induction n as [| n IH]; simpl; [reflexivity | rewrite IH, add_assoc; reflexivity].
Qed.

Theorem mul_assoc : forall a b c : num, mul (mul a b) c = mul a (mul b c).
Proof.
  intros a b c; induction a as [| a IH]; simpl; [reflexivity | rewrite mul_over_add, IH; reflexivity].
Qed.

Lemma mul_onto_adds : forall n m sum : num, mul_onto n m sum = add (mul n m) sum.
Proof.
  intros n m; induction n as [| n IH]; intros sum; simpl; [reflexivity |].
  rewrite IH, add_assoc, add_swaps_front; reflexivity.
Qed.

Theorem mul_onto_zero : forall n m : num, mul_onto n m zero = mul n m.
Proof.
  intros n m; rewrite mul_onto_adds; apply add_zero.
Qed.

Theorem power_of_sum : forall b n m : num, power b (add n m) = mul (power b n) (power b m).
Proof.
  intros b n m; induction n as [| n IH]; simpl; [rewrite add_zero; reflexivity | rewrite IH, mul_assoc; reflexivity].
Qed.

Theorem power_of_product : forall a b n : num, power (mul a b) n = mul (power a n) (power b n).
Proof.
  intros a b n; induction n as [| n IH]; simpl; [reflexivity |].
  rewrite IH, !mul_assoc; f_equal.
  rewrite <- (mul_assoc b), (mul_swaps b), mul_assoc; reflexivity.
Qed.

Lemma power_onto_multiplies : forall b n product : num, power_onto b n product = mul (power b n) product.
Proof.
  intros b n; induction n as [| n IH]; intros product; simpl; [rewrite add_zero; reflexivity |].
  rewrite IH, <- mul_assoc, (mul_swaps (power b n) b); reflexivity.
Qed.

Lemma mul_one : forall n : num, mul n (next zero) = n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem power_onto_one : forall b n : num, power_onto b n (next zero) = power b n.
Proof.
  intros b n; rewrite power_onto_multiplies; apply mul_one.
Qed.

Lemma double_add : forall n m : num, double (add n m) = add (double n) (double m).
Proof.
  intros n m; induction n as [| n IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Lemma double_by_add : forall n : num, double n = add n n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite add_to_next, IH; reflexivity].
Qed.

Theorem triangle_doubled : forall n : num, double (triangle n) = mul n (next n).
Proof.
  induction n as [| n IH]; [reflexivity |].
  simpl; rewrite double_add, IH, double_by_add, !mul_next, !add_assoc; reflexivity.
Qed.

Theorem odd_sum_square : forall n : num, odd_sum n = mul n n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | rewrite IH, mul_next, double_by_add, add_assoc; reflexivity].
Qed.

Lemma join_assoc : forall (A : Type) (xs ys zs : seq A), @join A xs (@join A ys zs) = @join A (@join A xs ys) zs.
Proof.
  intros A xs ys zs; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Lemma turn_onto_joins : forall (A : Type) (xs ys : seq A), @turn_onto A xs ys = @join A (@turn A xs) ys.
Proof.
  intros A xs; induction xs as [| x xs IH]; intros ys; simpl; [reflexivity | rewrite IH, <- join_assoc; reflexivity].
Qed.

Lemma join_empty : forall (A : Type) (xs : seq A), @join A xs (@empty A) = xs.
Proof.
  intros A xs; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem turn_onto_empty : forall (A : Type) (xs : seq A), @turn_onto A xs (@empty A) = @turn A xs.
Proof.
  intros A xs; rewrite turn_onto_joins; apply join_empty.
Qed.

Lemma turn_onto_twice_general : forall (A : Type) (xs ys : seq A), @turn_onto A (@turn_onto A xs ys) (@empty A) = @turn_onto A ys xs.
Proof.
  intros A xs; induction xs as [| x xs IH]; intros ys; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Theorem turn_onto_twice : forall (A : Type) (xs : seq A), @turn_onto A (@turn_onto A xs (@empty A)) (@empty A) = xs.
Proof.
  intros A xs; rewrite turn_onto_twice_general; reflexivity.
Qed.

Lemma spin_general : forall (A : Type) (xs ys : seq A), @spin A (@size A xs) (@join A xs ys) = @join A ys xs.
Proof.
  intros A xs; induction xs as [| x xs IH]; intros ys; simpl; [rewrite join_empty; reflexivity |].
  rewrite <- join_assoc, IH, <- join_assoc; reflexivity.
Qed.

Theorem spin_whole : forall (A : Type) (xs : seq A), @spin A (@size A xs) xs = xs.
Proof.
  intros A xs; transitivity (@spin A (@size A xs) (@join A xs (@empty A))); [rewrite join_empty; reflexivity |].
  rewrite spin_general; reflexivity.
Qed.

Lemma total_onto_adds : forall (xs : row) (n : num), total_onto xs n = add n (total xs).
Proof.
  intros xs; induction xs as [| x xs IH]; intros n; simpl; [rewrite add_zero; reflexivity | rewrite IH, add_assoc; reflexivity].
Qed.

Lemma total_chain : forall xs ys : row, total (chain xs ys) = add (total xs) (total ys).
Proof.
  intros xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH, add_assoc; reflexivity].
Qed.

Lemma total_backwards : forall xs : row, total (backwards xs) = total xs.
Proof.
  induction xs as [| x xs IH]; simpl; [reflexivity | rewrite total_chain, IH; simpl; rewrite add_zero; apply add_swaps].
Qed.

Theorem total_onto_zero : forall xs : row, total_onto (backwards xs) zero = total xs.
Proof.
  intros xs; rewrite total_onto_adds; apply total_backwards.
Qed.

Lemma times_found_insert : forall (k n : num) (xs : row), times_found k (insert n xs) = times_found k (item n xs).
Proof.
  intros k n xs; induction xs as [| x xs IH]; simpl; [reflexivity |].
  destruct (at_most n x); simpl; [reflexivity |].
  rewrite IH; simpl; destruct (same k x); destruct (same k n); reflexivity.
Qed.

Theorem times_found_sort : forall (n : num) (xs : row), times_found n (sort xs) = times_found n xs.
Proof.
  intros n xs; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite times_found_insert; simpl; rewrite IH; reflexivity].
Qed.

Lemma at_most_total : forall n m : num, at_most n m = false -> at_most m n = true.
Proof.
  induction n as [| n IH]; intros [| m] H; simpl in *; [discriminate H | discriminate H | reflexivity | apply IH; exact H].
Qed.

Lemma rising_insert : forall (n : num) (xs : row), rising xs = true -> rising (insert n xs) = true.
Proof.
  intros n xs; induction xs as [| x xs IH]; intros H; [reflexivity |].
  cbn [insert]; destruct (at_most n x) eqn:C; [cbn; rewrite C; exact H |].
  apply at_most_total in C.
  destruct xs as [| y ys]; [cbn; rewrite C; reflexivity |].
  cbn in H; destruct (at_most x y) eqn:E; [| discriminate H].
  specialize (IH H); revert IH; cbn [insert]; destruct (at_most n y) eqn:F; intros IH; cbn.
  - rewrite C; exact IH.
  - rewrite E; exact IH.
Qed.

Theorem rising_sort : forall xs : row, rising (sort xs) = true.
Proof.
  induction xs as [| x xs IH]; simpl; [reflexivity | apply rising_insert; exact IH].
Qed.

Lemma turn_join : forall (A : Type) (xs ys : seq A), @turn A (@join A xs ys) = @join A (@turn A ys) (@turn A xs).
Proof.
  intros A xs ys; induction xs as [| x xs IH]; simpl; [rewrite join_empty; reflexivity | rewrite IH, join_assoc; reflexivity].
Qed.

Theorem listing_mirror : forall (A : Type) (t : tree A), @listing A (@mirror A t) = @turn A (@listing A t).
Proof.
  intros A t; induction t as [| l IHl x r IHr]; simpl; [reflexivity |].
  rewrite turn_join; simpl; rewrite IHl, IHr, <- join_assoc; reflexivity.
Qed.

Lemma listing_onto_joins : forall (A : Type) (t : tree A) (ys : seq A), @listing_onto A t ys = @join A (@listing A t) ys.
Proof.
  intros A t; induction t as [| l IHl x r IHr]; intros ys; simpl; [reflexivity | rewrite IHl, IHr, <- join_assoc; reflexivity].
Qed.

Lemma size_join : forall (A : Type) (xs ys : seq A), @size A (@join A xs ys) = add (@size A xs) (@size A ys).
Proof.
  intros A xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; reflexivity].
Qed.

Lemma size_listing : forall (A : Type) (t : tree A), @size A (@listing A t) = @weight A t.
Proof.
  intros A t; induction t as [| l IHl x r IHr]; simpl; [reflexivity | rewrite size_join; simpl; rewrite IHl, IHr; apply add_to_next].
Qed.

Theorem size_listing_onto : forall (A : Type) (t : tree A), @size A (@listing_onto A t (@empty A)) = @weight A t.
Proof.
  intros A t; rewrite listing_onto_joins, join_empty; apply size_listing.
Qed.

Lemma fringe_onto_join : forall (A : Type) (t : bush A) (ys : seq A), @fringe_onto A t ys = @join A (@fringe A t) ys.
Proof.
  intros A t; induction t as [x | l IHl r IHr]; intros ys; simpl; [reflexivity | rewrite IHl, IHr; apply join_assoc].
Qed.

Lemma fringe_swap_plain : forall (A : Type) (t : bush A), @fringe A (@swap A t) = @turn A (@fringe A t).
Proof.
  intros A t; induction t as [x | l IHl r IHr]; simpl; [reflexivity | rewrite turn_join, IHl, IHr; reflexivity].
Qed.

Theorem fringe_swap : forall (A : Type) (t : bush A), @fringe_onto A (@swap A t) (@empty A) = @turn A (@fringe A t).
Proof.
  intros A t; rewrite fringe_onto_join, join_empty; apply fringe_swap_plain.
Qed.

Lemma at_most_chain : forall a b c : num, at_most a b = true -> at_most b c = true -> at_most a c = true.
Proof.
  induction a as [| a IH]; intros [| b] [| c] H K; simpl in *; try reflexivity; try discriminate H; try discriminate K.
  apply IH with b; assumption.
Qed.

Lemma at_most_itself : forall n : num, at_most n n = true.
Proof.
  induction n as [| n IH]; simpl; [reflexivity | exact IH].
Qed.

Lemma at_most_larger : forall n m : num, at_most m (larger n m) = true.
Proof.
  induction n as [| n IH]; intros [| m]; simpl; [reflexivity | apply at_most_itself | reflexivity | apply IH].
Qed.

Lemma larger_swaps : forall n m : num, larger n m = larger m n.
Proof.
  induction n as [| n IH]; intros [| m]; simpl; [reflexivity | reflexivity | reflexivity | rewrite IH; reflexivity].
Qed.

Lemma larger_grows : forall a b c d : num, at_most a c = true -> at_most b d = true -> at_most (larger a b) (larger c d) = true.
Proof.
  induction a as [| a IH]; intros [| b] [| c] [| d] H K; simpl in *; try reflexivity; try discriminate H; try discriminate K;
    try assumption.
  - apply at_most_chain with d; [exact K | apply at_most_larger].
  - apply at_most_chain with c; [exact H | rewrite larger_swaps; apply at_most_larger].
  - apply IH; assumption.
Qed.

Lemma leq_grows : forall n m : num, at_most n m = true -> at_most n (next m) = true.
Proof.
  induction n as [| n IH]; intros [| m] H; simpl in *; [reflexivity | reflexivity | discriminate H | apply IH; exact H].
Qed.

Lemma larger_at_most_add : forall n m : num, at_most (larger n m) (add n m) = true.
Proof.
  induction n as [| n IH]; intros [| m]; simpl; [reflexivity | apply at_most_itself | rewrite add_zero; apply at_most_itself |].
  rewrite add_to_next; apply leq_grows; apply IH.
Qed.

Theorem height_below_weight : forall (A : Type) (t : tree A), at_most (@height A t) (@weight A t) = true.
Proof.
  intros A t; induction t as [| l IHl x r IHr]; simpl; [reflexivity |].
  apply at_most_chain with (larger (@weight A l) (@weight A r)); [apply larger_grows; assumption | apply larger_at_most_add].
Qed.

Lemma stock_store : forall (n : num) (t : shelf), stock (store n t) = next (stock t).
Proof.
  intros n t; induction t as [| l IHl x r IHr]; simpl; [reflexivity |].
  destruct (at_most n x); simpl; [rewrite IHl; reflexivity | rewrite IHr, add_to_next; reflexivity].
Qed.

Lemma stock_store_all_general : forall (xs : row) (t : shelf), stock (store_all xs t) = add (width xs) (stock t).
Proof.
  intros xs; induction xs as [| x xs IH]; intros t; simpl; [reflexivity | rewrite IH, stock_store; apply add_to_next].
Qed.

Theorem stock_store_all : forall xs : row, stock (store_all xs bottom) = width xs.
Proof.
  intros xs; rewrite stock_store_all_general; apply add_zero.
Qed.

Lemma times_found_chain : forall (n : num) (xs ys : row), times_found n (chain xs ys) = add (times_found n xs) (times_found n ys).
Proof.
  intros n xs ys; induction xs as [| x xs IH]; simpl; [reflexivity | rewrite IH; destruct (same n x); reflexivity].
Qed.

Theorem times_found_store : forall (k n : num) (t : shelf), times_found k (reading (store n t)) = times_found k (item n (reading t)).
Proof.
  intros k n t; induction t as [| l IHl x r IHr]; [reflexivity |].
  cbn [store]; destruct (at_most n x); cbn [reading]; cbn [times_found]; rewrite !times_found_chain.
  - rewrite IHl; cbn [times_found]; destruct (same k n); reflexivity.
  - cbn [times_found]; rewrite IHr; cbn [times_found].
    destruct (same k n); destruct (same k x); rewrite ?add_to_next; reflexivity.
Qed.

Lemma worth_onto_adds : forall (t : shelf) (n : num), worth_onto t n = add (worth t) n.
Proof.
  intros t; induction t as [| l IHl x r IHr]; intros n; simpl; [reflexivity | rewrite IHl, IHr, !add_assoc; reflexivity].
Qed.

Lemma worth_reading : forall t : shelf, worth t = total (reading t).
Proof.
  induction t as [| l IHl x r IHr]; simpl; [reflexivity | rewrite total_chain, IHl, IHr; reflexivity].
Qed.

Theorem worth_onto_zero : forall t : shelf, worth_onto t zero = total (reading t).
Proof.
  intros t; rewrite worth_onto_adds, add_zero; apply worth_reading.
Qed.
