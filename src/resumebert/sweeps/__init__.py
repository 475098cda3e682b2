"""Many runs: each in a process of its own, what became of it, and the table over all of them."""
