"""The meaning of the language: check, compile, interpret, explain."""
