"""Doors: the command line and the forms a settlement is printed in."""
