(*
Statement: An inverted word has as many zeros as the word has ones.
Proof: The ones of an inverted word are the zeros of the word, by induction. Inverting twice gives the word back, so the roles may be exchanged.
Steps:
1. Count the ones of an inverted word.
2. Show that inverting twice changes nothing.
3. Apply the first fact to the inverted word.
*)
theory Inverted_word imports Main
begin

datatype tally = Nothing | More tally
datatype word = Done | Zero word | One word
fun invert :: "word \<Rightarrow> word" where
  "invert Done = Done"
| "invert (Zero v) = One (invert v)"
| "invert (One v) = Zero (invert v)"
fun ones :: "word \<Rightarrow> tally" where
  "ones Done = Nothing"
| "ones (Zero v) = ones v"
| "ones (One v) = More (ones v)"
fun zeros :: "word \<Rightarrow> tally" where
  "zeros Done = Nothing"
| "zeros (Zero v) = More (zeros v)"
| "zeros (One v) = zeros v"

lemma ones_invert: "ones (invert w) = zeros w"
  by (induction w) auto

lemma invert_twice: "invert (invert w) = w"
  by (induction w) auto

theorem inverted_word: "zeros (invert w) = ones w"
  using ones_invert[of "invert w"] by (simp add: invert_twice)

end
