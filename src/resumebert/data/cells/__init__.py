"""From batches of cells, in whichever way people write them, to texts, ids, splits and labels."""
