intros. exact (laaaaaaaaaaaaaaaa x).
