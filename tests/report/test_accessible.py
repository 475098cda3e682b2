"""The report for a screen reader: axe-core finds nothing."""

import pytest

from browsers import BROWSER, IN_A_BROWSER
from report_inputs import full_report, made_comparison, made_result
from resumebert.report import report_html

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = IN_A_BROWSER


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_nothing_is_in_a_readers_way(tmp_path, width, scheme):
    result = made_result(200, ["A_long_name_of_a_label", *(f"Label_{i}" for i in range(11))])
    page = tmp_path / "report.html"
    report = full_report(result, compared=made_comparison(result))
    page.write_text(report_html(report), encoding="utf-8")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        # The page allows no script but its own.
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
        )
        opened = context.new_page()
        opened.goto(page.as_uri())
        found = axe.Axe().run(opened).response["violations"]
        browser.close()
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found] == []
