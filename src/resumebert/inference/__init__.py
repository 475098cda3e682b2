"""What a trained model is for: labels of new texts."""
