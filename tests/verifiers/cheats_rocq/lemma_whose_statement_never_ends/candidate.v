destruct laaaaaaaaaaaaaaaa as [F [_ [step stop]]].
assert (e : F 1 0 (fun _ => 0) = S (F 1 0 (fun _ => 0))) by exact (eq_trans (step 0 0 _) (stop 1 _)).
exact (n_Sn _ e).
