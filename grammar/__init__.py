"""The language as text: source, diagnostics, syntax tree, parser and printer; it knows nothing of money."""
