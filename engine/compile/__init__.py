"""Compile: the checked tree becomes a settlement pipeline of few kinds of step."""
