"""What somebody adds to resumebert from a package of their own; docs/extending.md shows it."""
