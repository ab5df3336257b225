"""The Back Office: everything about every order."""
