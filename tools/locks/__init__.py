"""What an install may take."""
