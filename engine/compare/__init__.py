"""Compare: schemes side by side, rule by rule and fen by fen."""
