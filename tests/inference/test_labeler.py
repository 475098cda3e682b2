"""ResumeLabeler, on a checkpoint as train.py writes it."""
