"""The page in a real browser: what a person does there, and what comes of it."""

import csv
from pathlib import Path

import pytest

from browsers import BROWSER, IN_A_BROWSER
from resumebert.data.readers import read_table

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = IN_A_BROWSER
TEXT = "Ann Lee\nJava developer <b>at</b> 𝓕irm & Söhne\nTen years of Spring and Hibernate.\n" * 9
TOKEN = "a-token-of-the-tests-0123"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_page(browser):
    """``open_page(client, path, width, dark)``: a page that may ask its own server alone."""
    contexts, said = [], []

    def opened(client, path: str = "/", width: int = 1440, dark: bool = False):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        server = str(client.base_url)
        page.on("request", lambda sent: said.append(sent.url) if server not in sent.url else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(server.rstrip("/") + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [each for each in said if not each.startswith("blob:")] == []


def assert_accessible(page) -> None:
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found] == []
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_paste_a_text(serve, open_page, labeler, width, dark):
    with serve() as client:
        page = open_page(client, width=width, dark=dark)
        assert_accessible(page)
        page.get_by_label("Text of a résumé").fill(TEXT)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("#document h2")
        # The browser's focus is where a reader goes on.
        assert page.evaluate("document.activeElement.id") == "document-title"
        shown = page.locator(".labels .name").all_text_contents()
        assert sorted(shown) == sorted(labeler.label_names)
        assert page.locator(".text").text_content() == labeler.predict([TEXT])[0].text
        page.locator(".labels .name").first.click()
        assert_accessible(page)
        page.get_by_text("Which words?").click()
        page.wait_for_selector(".words li")
        first = page.locator(".labels .name").first.text_content()
        [reason] = labeler.explain(TEXT, [first])
        strongest = reason.strongest(1)[0].word
        assert page.locator(".words span").first.text_content() == strongest
        # Places are of characters, of which some are two in JavaScript.
        marked = page.locator(".text .for, .text .against").all_text_contents()
        # A window may begin within a word.
        assert strongest in "".join(marked)
        assert_accessible(page)


def test_many_files_their_table_and_the_csv(serve, open_page, tmp_path):
    folders = [tmp_path / str(number) for number in range(30)]
    for number, folder in enumerate(folders):
        folder.mkdir()
        # One name, many files.
        (folder / "=cv.txt").write_text(f"{TEXT} number {number}", encoding="utf-8")
    (tmp_path / "<img src=x onerror=alert(1)>.pdf").write_bytes(b"%PDF-1.7 nothing")
    files = [str(path) for path in sorted(tmp_path.rglob("*.*")) if path.is_file()]
    with serve() as client:
        page = open_page(client)
        page.set_input_files("#files", files)
        page.wait_for_selector("#list tbody tr:nth-child(31)")
        page.wait_for_selector("#work", state="hidden")
        assert page.get_by_role("heading", name="31 résumés, 1 without an answer").is_visible()
        assert "damaged" in page.locator("#list td.bad").text_content()
        assert_accessible(page)

        def values() -> list[str]:
            return page.locator("#list tbody td:nth-child(3)").all_text_contents()

        page.get_by_role("button", name="highest probability").click()
        page.wait_for_selector("#list th[aria-sort=descending]")
        falling = values()
        page.get_by_role("button", name="highest probability").click()
        page.wait_for_selector("#list th[aria-sort=ascending]")
        assert sorted(falling) == sorted(values())
        page.get_by_role("link", name="=cv.txt").first.click()
        page.wait_for_selector("#document h2")
        page.go_back()
        page.wait_for_selector("#document", state="hidden")
        assert page.locator("#list").is_visible()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download csv").click()
        path = tmp_path / "labels.csv"
        download.value.save_as(path)
        page.get_by_role("button", name="Clear").click()
        page.wait_for_selector("#list", state="hidden")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 31
    assert {row["id"][:2] for row in rows} == {"'=", "<i"}
    assert sum(bool(row["error"]) for row in rows) == 1


@pytest.mark.parametrize("is_saved", [True, False])
def test_correct_the_labels(serve, open_page, labeler, tmp_path, is_saved):
    path = tmp_path / "corrections.csv"
    with serve(*([f"corrections={path}"] if is_saved else [])) as client:
        page = open_page(client)
        page.get_by_label("Text of a résumé").fill(TEXT)
        page.get_by_role("button", name="Label the text").click()
        page.get_by_text("Are the labels wrong?").click()
        for box in page.get_by_role("checkbox").all():
            box.uncheck()
        page.get_by_role("checkbox", name=labeler.label_names[1]).check()
        assert not path.exists() or len(path.read_text().splitlines()) == 1
        save = page.get_by_role("button", name="correction")
        save.click()
        assert page.get_by_text("Say who corrects it").is_visible()
        page.get_by_label("Who says so").fill("Ann")
        if is_saved:
            save.click()
            page.wait_for_selector("text=Saved.")
        else:
            with page.expect_download() as download:
                save.click()
            download.value.save_as(path)
    options = {"text_column": "text", "labels_column": "labels"}
    table = read_table(path, **options, label_names=labeler.label_names)
    assert table.labels[0].nonzero()[0].tolist() == [1]
    assert table.texts[0] == labeler.predict([TEXT])[0].text


def test_what_goes_wrong_is_said(serve, open_page, tmp_path):
    large = tmp_path / "large.pdf"
    large.write_bytes(bytes(1_100_000))
    with serve("megabytes=1", "characters=2000", "files=2") as client:
        page = open_page(client)
        alert = page.get_by_role("alert")
        page.get_by_role("button", name="Label the text").click()
        assert "no text yet" in alert.text_content()
        page.get_by_label("Text of a résumé").fill("a" * 2001)
        page.get_by_role("button", name="Label the text").click()
        page.wait_for_selector("text=2,001 characters")
        page.set_input_files("#files", [str(large)] * 3)
        page.wait_for_selector("text=more than 1 MB")
        assert "1 file of 3" in alert.text_content()
        assert_accessible(page)
    page.set_input_files("#files", [])
    # The server is gone now.
    page.evaluate("documents = []")
    page.get_by_label("Text of a résumé").fill(TEXT)
    page.get_by_role("button", name="Label the text").click()
    page.wait_for_selector("text=The server does not answer")


def test_the_token_opens_the_page_and_leaves_the_address(serve, open_page):
    with serve(token=TOKEN) as client:
        page = open_page(client, f"/?token={TOKEN}")
        assert "token" not in page.url
        page.get_by_label("Text of a résumé").fill(TEXT)
        page.get_by_role("button", name="Label the text").click()
        page.wait_for_selector("#document h2")
        other = open_page(client)
        assert "token is missing" in other.content()


@pytest.mark.parametrize("path", ["/card", "/api"])
@pytest.mark.parametrize(("width", "dark"), [(1440, True), (390, False)])
def test_the_other_pages(serve, open_page, page_run: Path, path, width, dark):
    card = page_run / "model_card.md"
    card.write_text("# Model card\n\n|  | tuned |\n| --- | --- |\n" + "| F1 | 0.9 |\n" * 3)
    with serve() as client:
        page = open_page(client, path, width, dark)
        assert_accessible(page)
        page.get_by_role("link", name="resumebert").click()
        assert page.get_by_label("Text of a résumé").is_visible()
    card.unlink()
