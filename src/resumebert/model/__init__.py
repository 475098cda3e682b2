"""The classifier: pretrained BERT, loss, optimizer, schedule, checkpoint."""
