"""What is measured: each file says what, and how it is run."""
