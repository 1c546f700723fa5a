"""Interpret: the pipeline over the data, exactly; this is the definition of meaning."""
