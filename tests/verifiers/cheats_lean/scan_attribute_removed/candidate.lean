attribute [-instance] instOfNatNat
