"""Explain: the trace in, words out."""
