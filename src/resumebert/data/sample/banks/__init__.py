"""Word banks of the embedded sample, one module for each kind of job."""
