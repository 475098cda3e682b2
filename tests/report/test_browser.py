"""The page in a real browser, where there is one."""

import html
import re
import subprocess

import pytest

from browsers import BROWSER, IN_A_BROWSER
from helpers import LIMIT
from report_inputs import full_report, made_comparison, made_result
from resumebert.report import report_html

pytestmark = IN_A_BROWSER

# What a reader does, and what comes of it: written into the page, where the test reads it.
VISIT = """
const say = (name, value) => document.body.insertAdjacentHTML(
  "beforeend", `<samp>${name}=${String(value).replace(/</g, "&lt;")}</samp>`);
addEventListener("load", () => {
  say("width", innerWidth);
  const end = document.documentElement.clientWidth + 0.5;
  const wide = [...document.querySelectorAll("body *")].filter((element) =>
    element.getBoundingClientRect().right > end && !element.closest(".scroll, nav ol"));
  say("wide", wide.map((element) => element.outerHTML.slice(0, 80)).slice(0, 5).join(" "));
  say("overflow", document.documentElement.scrollWidth - document.documentElement.clientWidth);
  const table = document.querySelector("#labels table.sortable");
  const column = (n) => [...table.tBodies[0].rows].map((row) => row.cells[n].dataset.v).join(" ");
  table.querySelectorAll("thead button")[1].click();
  say("falling", column(1));
  table.querySelectorAll("thead button")[1].click();
  say("rising", column(1));
  const point = (where, x, y) => {
    const box = where.getBoundingClientRect();
    where.dispatchEvent(new PointerEvent("pointermove", {
      bubbles: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height}));
    const tip = document.getElementById("tip");
    return tip.hidden ? "" : tip.textContent;
  };
  say("forest", point(document.querySelector("svg.forest circle"), 0.5, 0.5));
  const curve = document.querySelector(".charts svg.plot");
  curve.scrollIntoView();
  say("curve", point(curve, 0.5, 0.3));
  say("square", point(document.querySelector("svg.matrix"), 0.5, 0.7));
  say("dot", point(document.querySelector("svg.range circle"), 0.5, 0.5));
  const choose = document.getElementById("choose");
  choose.value = "panel-2";
  choose.dispatchEvent(new Event("change"));
  say("panels", [...document.querySelectorAll("details.panel")].filter((p) => !p.hidden).length);
});
"""


def visit(tmp_path, page: str, width: int, dark: bool) -> dict[str, str]:
    """Open the page and do the visit; fail on any message in the console."""
    # The page allows no script but its own.
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    # Headless windows have a least width: a frame has none.
    inner = html.escape(page.replace("</body>", f"<script>{VISIT}</script></body>"))
    path = tmp_path / "page.html"
    path.write_text(
        f'<iframe style="width:{width}px;height:900px" srcdoc="{inner}"></iframe><script>'
        'addEventListener("load", () => setTimeout(() => document.body.insertAdjacentHTML('
        '"beforeend", document.querySelector("iframe").contentDocument.body.innerHTML.match('
        "/<samp>.*<\\/samp>/s)[0]), 100))</script>",
        encoding="utf-8",
    )
    return browse(path, dark)


def browse(path, dark: bool) -> dict[str, str]:
    assert BROWSER is not None
    done = subprocess.run(
        [
            BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu",
            f"--user-data-dir={path.parent / 'profile'}", "--enable-logging=stderr", "--v=0",
            "--virtual-time-budget=9000",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--window-size=1600,1000",
            "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr
    said = re.findall(r"<samp>(\w+)=(.*?)</samp>", done.stdout.rpartition("</iframe>")[2])
    return dict(said)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_fits_and_answers(tmp_path, width, dark):
    result = made_result(200, ["A_long_name_of_a_label", *(f"Label_{i}" for i in range(11))])
    report = full_report(result, compared=made_comparison(result))
    said = visit(tmp_path, report_html(report), width, dark)
    assert int(said["width"]) == width
    assert (said["overflow"], said["wide"]) == ("0", "")
    falling = [int(value) for value in said["falling"].split()]
    assert falling == sorted(result.truth.sum(axis=0).tolist(), reverse=True)
    assert said["rising"].split() == said["falling"].split()[::-1]
    assert re.match(r"(model|baseline): recall \S+, precision \S+, threshold", said["curve"])
    assert "missed: " in said["square"]
    assert re.match(r"model: 0\.\d+, 95 % interval", said["dot"])
    assert re.match(r"F1 micro: \S+ \[\S+ to \S+\], p = 0", said["forest"])
    assert said["panels"] == "1"


def test_its_own_policy_lets_its_script_run(tmp_path):
    path = tmp_path / "report.html"
    path.write_text(report_html(full_report()), encoding="utf-8")
    assert BROWSER is not None
    done = subprocess.run(
        [
            BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--v=0",
            "--virtual-time-budget=9000",
            "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr
    assert '<button type="button">' in done.stdout
