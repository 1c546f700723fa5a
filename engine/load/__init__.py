"""Load: find policy files with what they inherit, read data files, bind data to a scheme."""
