"""What a reader must beware of, before reading any figure."""

from resumebert.charts.words import listed
from resumebert.report.console import notes
from resumebert.report.inputs import ReportInput

# Below this the interval of a label's F1 is wide, and as an interval too short.
FEW_POSITIVES = 30


def warnings(report: ReportInput) -> list[str]:
    """Return sentences on silent labels, undefined metrics, rare labels and missing comparisons."""
    result = report.result
    found = list(notes(result))
    support = result.truth.sum(axis=0).tolist()
    few = [
        f"{name} ({count})"
        for name, count in zip(result.label_names, support, strict=True)
        if 0 < count < FEW_POSITIVES
    ]
    if few:
        found.append(
            f"Fewer than {FEW_POSITIVES} documents have the label {listed(few)}: one document "
            "more or less moves these figures by points, and their intervals are too short."
        )
    if not result.intervals:
        found.append("No intervals were computed: differences of a point or two mean nothing here.")
    if result.baseline is None:
        found.append(f"There is no linear baseline to compare with. {result.baseline_note}".strip())
    elif result.baseline_note:
        found.append(
            f"The linear baseline was {result.baseline_note}. The full one may score higher."
        )
    found += [note for note in report.notes if note not in found]
    return found


def missing(report: ReportInput) -> list[str]:
    """Name what a report can have and this one has not."""
    analysis = report.analysis
    parts = {
        "validation figures beside those of the test": len(report.results) > 1,
        "learning curves": report.history,
        "slices": analysis.slices,
        "the documents without the words of the labels": analysis.words_removed,
        "the exchange of names and gendered words": analysis.swaps,
        "errors with their texts": analysis.errors is not None,
        "a list of suspect labels": analysis.suspects is not None,
        "the data report": report.data_report,
        "the config": report.config_yaml,
        "the environment": report.environment,
    }
    return [name for name, there in parts.items() if not there]
