"""``python -m resumebert``: what there is."""

from importlib.metadata import version

COMMANDS = """\
resumebert {version}: fine-tune BERT to label résumés, and know how good it is.

Commands, in the repository's folder; each tells its settings with --help:
  python train.py                           train, test and report (make train installs first)
  python train.py -m KEY=A,B                sweep, then a leaderboard
  python eval.py ckpt=RUN                   evaluate a run again, or on other data
  python predict.py ckpt=RUN input=PATH output=F.csv   label new documents
  python app.py ckpt=RUN                    a web page and an HTTP API that label
  python export.py ckpt=RUN output=FOLDER   a folder for transformers or ONNX Runtime
  tensorboard --logdir outputs              watch

Tools:
  python -m resumebert.data.cache           list and clear the cache of prepared data
  python -m resumebert.sweeps.leaderboard   one leaderboard of any runs and sweeps

From Python (docs/api.md):
  from resumebert import ResumeLabeler
  ResumeLabeler.load("outputs/train/DATE_TIME").predict(["Java developer, ten years …"])
"""


def main() -> None:
    """Print it."""
    print(COMMANDS.format(version=version("resumebert")), end="")


if __name__ == "__main__":
    main()
