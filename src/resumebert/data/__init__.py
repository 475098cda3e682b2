"""Read, clean, split, tokenise and batch résumés."""
