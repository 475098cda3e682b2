"""The maker of the embedded sample: fictional résumés, written from word banks by a grammar."""
