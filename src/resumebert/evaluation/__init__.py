"""How good a model is: multi-label metrics and what stands beside them."""
