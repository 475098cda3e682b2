"""What every room needs: errors, logging, the environment's description."""
