alias goal := evil
