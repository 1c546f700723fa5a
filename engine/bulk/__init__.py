"""Many rows at once: data into an engine, the pipeline as SQL over it, and back."""
