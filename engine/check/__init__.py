"""Check: the syntax tree becomes the checked tree, or numbered findings."""
