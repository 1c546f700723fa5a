"""Trial: worked cases held against the rules, and how well they hold them."""
