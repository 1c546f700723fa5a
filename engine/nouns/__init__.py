"""Nouns: numbers, kinds, operators, the checked tree, the pipeline, values and the trace."""
