"""The classifier: pretrained BERT, its loss, its optimisation, its checkpoint."""
