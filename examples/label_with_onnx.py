"""Without PyTorch and resumebert: ``python examples/label_with_onnx.py FOLDER RESUME.txt``."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

folder, text = Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8")
usage = json.loads((folder / "resumebert.json").read_text(encoding="utf-8"))
windows, calibration = usage["windows"], usage["decisions"]["calibration"]
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_truncation()
# %% Windows of one length that share a few tokens; or one: the text's start, or start and end.
ids = tokenizer.encode(text, add_special_tokens=False).ids
width, overlap, n = windows["max_length"] - 2, windows["overlap"], 1
if windows["strategy"] in ("windows", "random_window"):
    n = max(1, -(-(len(ids) - overlap) // (width - overlap)))
elif len(ids) > width:
    head = round(width / 4) if windows["strategy"] == "head_tail" else width
    ids = ids[:head] + ids[len(ids) - (width - head) :]
size = -(-(len(ids) + (n - 1) * overlap) // n)
starts = [i * (len(ids) - size) // max(1, n - 1) for i in range(n)]
rows = np.array([[windows["cls"], *ids[i : i + size], windows["sep"]] for i in starts])
# %% Their logits, pooled and calibrated: a probability for each label, and whether it is given.
run = onnxruntime.InferenceSession(folder / "model.onnx").run
found = run(None, {"input_ids": rows, "attention_mask": np.ones_like(rows)})
z, score = found[0].astype(float), found[-1].astype(float) * (len(found) > 1)
weights = np.exp(score - score.max(0))
pooled = (weights * z).sum(0) / weights.sum(0)
if usage["pooling"] in ("max", "logsumexp"):  # Others are this mean, of equal weights or not.
    pooled = z.max(0) + (usage["pooling"] != "max") * np.log(np.exp(z - z.max(0)).mean(0))
elif usage["pooling"] == "gated":  # The second scores count where no window names a label.
    pooled = z.max(0) + np.sort(score, 0)[-4:].mean(0) / (1 + np.exp(0.4 * z.max()))
sigmoid = 1 / (1 + np.exp(-(pooled * calibration["slopes"] + calibration["offsets"])))
for i, (name, knots) in enumerate(zip(usage["label_names"], calibration["knots"], strict=True)):
    probability = np.interp(pooled[i], *knots) if knots else sigmoid[i]
    print(f"{probability:.6f}", probability >= usage["decisions"]["thresholds"][i], name, sep="\t")
