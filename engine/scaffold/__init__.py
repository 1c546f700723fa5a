"""The beginning of a new policy: its files, what they leave undecided, and how far a policy is from ready."""
