"""resumebert beside what somebody would pick instead: the same documents and weights, in turn."""
