"""The page in a real browser, from disk and without network: headless Chromium, driven by its own driver."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.report.inputs import compared, read_all
from xtreme_harness.report.page import Content, build_page

pytestmark = pytest.mark.slow
NASTY = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


def chromium() -> tuple[str, str]:
    """Browser and driver; skips where one is absent."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not browser or not driver:
        pytest.skip("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    return browser, driver


@pytest.fixture(scope="module")
def page(oracle_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two runs with examples: the oracle, and the same with one wrong answer and one hostile text."""
    folder = tmp_path_factory.mktemp("page")
    other = Path(shutil.copytree(oracle_run, folder / "other"))
    file = other / "samples/xnli/de.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    lines[0] |= {"prediction": "none", "statistics": {"correct": 0, "n": 1}}
    lines[0]["input"]["text_a"] = NASTY
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    models, series = read_all([other, oracle_run])
    path = folder / "page.html"
    path.write_text(build_page(Content(models, *compared(models), series)), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser that resolves no name."""
    place, driver = chromium()
    selenium = pytest.importorskip("selenium", reason="needs selenium: pip install 'xtreme-harness[test]'")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    assert selenium
    options = webdriver.ChromeOptions()
    options.binary_location = place
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}", "--window-size=1280,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=Service(driver))
    yield running
    running.quit()


@pytest.fixture
def opened(browser: Any, page: Path) -> Iterator[Any]:
    """The page freshly opened from disk, in a large light window; no errors may be left when a test ends."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    browser.get(page.as_uri())
    yield browser
    assert browser.get_log("browser") == []


def find(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def column(browser: Any, table: str, n: int) -> list[str]:
    """The shown cells of a column, top to bottom."""
    script = (
        "return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)].filter(r => r.offsetParent)"
        ".map(r => r.cells[arguments[1]].textContent)"
    )
    found: list[str] = browser.execute_script(script, table, n)
    return found


def test_it_opens_without_errors_and_without_asking_for_anything(opened: Any) -> None:
    assert opened.title.startswith("xharness: oracle")
    asked = opened.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert asked == []


def test_a_header_sorts_by_click_and_by_enter(opened: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    head = find(opened, "#intervals-xtreme thead button")
    before = column(opened, "intervals-xtreme", 0)
    head.click()
    assert column(opened, "intervals-xtreme", 0) == sorted(before, key=str.lower)
    assert find(opened, "#intervals-xtreme thead th").get_attribute("aria-sort") == "ascending"
    head.send_keys(Keys.ENTER)
    assert column(opened, "intervals-xtreme", 0) == sorted(before, key=str.lower, reverse=True)
    assert find(opened, "#intervals-xtreme thead th").get_attribute("aria-sort") == "descending"


def test_figures_sort_from_the_highest_and_empty_cells_stay_last(opened: Any) -> None:
    heads = opened.find_elements("css selector", "#heat-0 thead button")
    names = [head.text.split()[0] for head in heads]
    n = names.index("xnli")
    for _ in range(2):
        heads[n].click()
        shown = column(opened, "heat-0", n)
        full = [cell for cell in shown if cell]
        assert full and shown == full + [""] * (len(shown) - len(full))


def test_filters_narrow_and_are_taken_back(opened: Any) -> None:
    whole = column(opened, "heat-0", 0)
    field = find(opened, "form[data-filters=heat] input")
    field.send_keys("cyrl")
    assert column(opened, "heat-0", 0) == ["Russian ru"]
    assert find(opened, "form[data-filters=heat] output").text == f"1 of {len(whole)} rows"
    field.clear()
    field.send_keys(" ")
    find(opened, "form[data-filters=heat] select[name=resources] option[value='2']").click()
    assert column(opened, "heat-0", 0) == ["Swahili sw"]
    find(opened, "form[data-filters=heat] button").click()
    opened.execute_async_script("setTimeout(arguments[0], 50)")
    assert column(opened, "heat-0", 0) == whole


def test_one_run_is_shown_at_a_time(opened: Any) -> None:
    assert (bool(column(opened, "heat-0", 0)), bool(column(opened, "heat-1", 0))) == (True, False)
    find(opened, "select[data-pick] option:nth-child(2)").click()
    assert (bool(column(opened, "heat-0", 0)), bool(column(opened, "heat-1", 0))) == (False, True)


def test_examples_are_found_and_their_text_is_text(opened: Any) -> None:
    form = "#explore-form"
    assert len(opened.find_elements("css selector", "#explore-list > li")) == 20
    find(opened, "#explore-more button").click()
    assert len(opened.find_elements("css selector", "#explore-list > li")) == 40
    find(opened, f"{form} select[name=outcome] option[value=fixed]").click()
    items = opened.find_elements("css selector", "#explore-list > li")
    assert len(items) == 1
    assert NASTY in items[0].text
    assert opened.find_elements("css selector", "#explore-list script, #explore-list img") == []
    assert opened.title != "owned"
    find(opened, f"{form} button").click()
    opened.execute_async_script("setTimeout(arguments[0], 50)")
    find(opened, f"{form} select[name=task] option[value=panx]").click()
    find(opened, f"{form} select[name=language] option[value=ar]").click()
    assert len(find(opened, "#explore-list .words").text.splitlines()) > 4
    assert find(opened, f"{form} output").text.startswith("20 of ")


def test_everything_is_reached_by_the_keyboard(opened: Any) -> None:
    """Whatever answers a click can have the focus, and the focus is seen."""
    script = """
      document.querySelectorAll("details").forEach(d => { d.open = true; });
      const hit = [...document.querySelectorAll("button, select, input, summary, a[href]")];
      return hit.filter(e => e.offsetParent).filter(e => { e.focus({focusVisible: true});
        return document.activeElement !== e || getComputedStyle(e).outlineStyle === "none"; }).map(e => e.outerHTML);
    """
    assert opened.execute_script(script) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(opened: Any, scheme: str) -> None:
    """At least 4.5 to 1 (WCAG AA) in the cells of the map and of the comparison, and in notes."""
    opened.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    script = """
      const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
      const rgb = (colours) => { canvas.clearRect(0, 0, 1, 1);
        for (const c of colours) { canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); }
        return canvas.getImageData(0, 0, 1, 1).data; };
      const light = (colours) => { const [r, g, b] = [...rgb(colours)].slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
      const ground = getComputedStyle(document.body).backgroundColor;
      return [...document.querySelectorAll("td.h, td.pos, td.neg, .note, .badge, td.n, nav a")].map(e => {
        const style = getComputedStyle(e), under = [ground, style.backgroundColor];
        const [a, b] = [light(under), light([...under, style.color])].sort((x, y) => y - x);
        return [(a + .05) / (b + .05), e.className + " " + e.textContent]; }).filter(([ratio]) => ratio < 4.5);
    """
    assert opened.execute_script(script) == []
    dark = opened.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark is (scheme == "dark")


def test_a_phone_scrolls_tables_not_the_page(opened: Any) -> None:
    phone = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    opened.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    width = opened.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width == [360, 360]


def test_it_prints(opened: Any) -> None:
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = opened.execute_script(
        "return [...document.querySelectorAll('nav, .filters, main section h2')].filter(e => e.offsetParent)"
        ".map(e => e.localName)"
    )
    assert set(shown) == {"h2"}
