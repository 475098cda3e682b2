"""The picture of what it costs to send documents to a person, and of what that spares."""

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from resumebert.charts import svg
from resumebert.charts.svg import Axes

Floats = npt.NDArray[np.float64]


def review_picture(
    reviewed: Floats, errors: Floats, limits: Floats, promise: tuple[float, float, float] | None
) -> Markup:
    """Draw the mean errors of the documents that are decided against the share that is reviewed.

    All are (m,), a point for each limit; the ``promise`` is the share that is reviewed, the mean
    errors of the others, and the level that these are to stay under.
    """
    top = max(0.05, float(errors.max()), promise[2] if promise else 0.0)
    axes = Axes(
        "share reviewed", "wrong or missed", y=(0, top),
        x_ticks=[(share, f"{share:.0%}") for share in (0, 0.5, 1)],
        y_ticks=[(share, f"{share:.1%}") for share in (0, top / 2, top)],
        width=330, height=220, left=44,
    )  # fmt: skip
    parts = [svg.line(axes, reviewed, errors, "model", "limit", notes=limits)]
    words = f"With none reviewed, {errors[-1]:.1%} of the labels are wrong or missed"
    if promise is not None:
        share, found, level = promise
        told = f"in use: {share:.0%} reviewed, {found:.1%} wrong or missed in the others"
        parts.append(svg.segment(axes, (0, level), (1, level), "rule chosen", f"{level:.1%}"))
        parts.append(svg.point(axes, share, found, "model", told))
        words += f"; {told}"
    return svg.picture(axes, f"Errors against the share reviewed. {words}.", parts)
