"""The pipeline as SQL: the same fen, states and marks as the interpreter, at the speed of a database."""
