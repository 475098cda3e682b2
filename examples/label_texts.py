"""Label five texts: ``python examples/label_texts.py outputs/train/DATE_TIME``."""

import sys

from resumebert import ResumeLabeler

# %% A run's folder, or a checkpoint. Nothing in the file is executed.
labeler = ResumeLabeler.load(sys.argv[1])
print(labeler.label_names)

# %% Each text is read as a whole, however long it is.
texts = [
    "Java developer with ten years of Spring, REST and Oracle.",
    "Kept 40 Linux servers and the backups of three sites running.",
    "Planned budgets and dates of software projects, and led teams of up to 20.",
    "Wrote web pages in HTML, CSS and JavaScript.",
    "",
]
for prediction in labeler.predict(texts):
    print(prediction.labels, "|", prediction.text[:40])
    # Calibrated probabilities, and the thresholds from which on a label is given.
    best = max(prediction.probabilities, key=lambda name: prediction.probabilities[name])
    print(
        f"  {best}: {prediction.probabilities[best]:.2f} (from {prediction.thresholds[best]:.2f})"
    )
    # Where in the text the model saw it.
    window = max(prediction.windows, key=lambda part: part.probabilities[best])
    print(f"  {prediction.text[window.start : window.end][:60]!r}")

# %% Probabilities alone, (n, L), as an array.
print(labeler.predict_proba(texts).shape)
