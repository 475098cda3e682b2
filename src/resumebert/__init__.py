"""Fine-tune BERT to label résumés with job categories, and know how good it is."""

__version__ = "0.1.0"
