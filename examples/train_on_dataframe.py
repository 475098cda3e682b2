"""Train on a DataFrame in memory, evaluate, and label with the result."""

import sys

import pandas as pd

from resumebert import ResumeLabeler, ResumeTable, compose, train

# %% Any DataFrame: a column of texts, and one of lists of labels (or one of 0 and 1 for each).
frame = pd.DataFrame(
    {
        "text": [f"Nurse on ward {i}, cares for patients" for i in range(60)]
        + [f"Teacher of class {i}, marks homework" for i in range(60)],
        "labels": [["Nurse"]] * 60 + [["Teacher"]] * 60,
    }
)
table = ResumeTable.from_frame(frame, text_column="text", labels_column="labels")

# %% Every setting of the command line, and what train.py writes.
folder = sys.argv[1] if len(sys.argv) > 1 else "outputs/train/from_a_dataframe"
config = compose(
    [
        "model=bert_tiny",
        "trainer.max_epochs=1",
        "data.long_documents=truncate",
        "evaluation.report=false",
        f"output_dir='{folder}'",
    ]
)
train(config, table=table)

# %% The checkpoint has all it takes to label new texts.
print(ResumeLabeler.load(folder).predict(["Cared for patients of two wards"])[0].labels)
