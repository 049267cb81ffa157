by (simp | Pure.raw_tactic \<open>fn st => Seq.single st\<close>)
