"""The arrays of this room by the type of their elements; shapes are told where they are used."""

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int64]  # The number of each document's group of duplicates.
Ints = npt.NDArray[np.int64]
Labels = npt.NDArray[np.uint8]  # 0 and 1; a row a document, a column a label.
Splits = npt.NDArray[np.str_]  # "train", "val", "test" or "unused".
TokenIds = npt.NDArray[np.int32]
