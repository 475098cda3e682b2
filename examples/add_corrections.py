"""Add what people corrected on the page to the training documents of a run.

    python examples/add_corrections.py outputs/train/DATE_TIME mine.csv corrections.csv both.parquet
    python train.py data=table data.path=both.parquet data.labels_column=labels \
        data/split=column data.split_column=split

Every document keeps the split that the run gave it, so that the new model is tested on the same
ones. A correction replaces training documents of the same text, and is left out if its text
validates or tests.
"""

import sys
from pathlib import Path

import pandas as pd

from resumebert import ResumeTable, duplicate_groups
from resumebert.data.readers import read_table

run, mine, corrections, output = map(Path, sys.argv[1:])


def frame(table: ResumeTable) -> pd.DataFrame:
    """Return a table's documents, each with the list of its labels."""
    labels = [[table.label_names[i] for i in row.nonzero()[0]] for row in table.labels]
    return pd.DataFrame({"id": table.ids, "text": list(table.texts), "labels": labels})


# %% The run's documents with their splits, and the corrections, to train on.
table = read_table(mine, labels_column="labels")
given = read_table(corrections, labels_column="labels", label_names=table.label_names)
split_of = pd.read_csv(run / "split.csv", dtype=str).set_index("id")["split"]
old, new = frame(table), frame(given)
old["split"], new["split"] = old["id"].map(split_of), "train"
both = pd.concat([old, new], ignore_index=True)

# %% The same text, or nearly the same, twice?
groups = pd.Series(duplicate_groups(both["text"].tolist()))
is_new = both.index >= len(old)
is_held_out = groups.isin(groups[both["split"].isin(["val", "test"])])
is_corrected = groups.isin(groups[is_new & ~is_held_out]) & ~is_new
both = both[~(is_new & is_held_out) & ~is_corrected]
both.to_parquet(output)
print(f"{len(both)} documents, {(both.index >= len(old)).sum()} of them corrections: {output}")
