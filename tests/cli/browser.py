#!/usr/bin/env python3
"""browser.py PROGRAM [FOLDER]: loads the page of `ithaca report` from disk in headless Chromium.

At phone and desktop width, light and dark: no request but the page's own file, nothing on the console, no sideways
scrolling, no text of a picture outside it or over another text, every figure equal to the JSON of `ithaca compare`,
and reasons that show when a cell gets the focus. Screenshots go to FOLDER. Exits with 77 where there is no Chromium.
Speaks the DevTools protocol over a pipe, so that nothing but Python's standard library is needed.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

QUESTION = ["--model", "llama3-8b", "--cluster", "dgx-h100", "--gpus", "64", "--seq", "1Mi"]
EAGER = ["--attention", "eager"]  # refuses ring and usp
SIZES = [(375, 812, "light"), (375, 812, "dark"), (1280, 900, "light"), (1280, 900, "dark")]


class Browser:
    """One Chromium with one page, DevTools messages on its file descriptors 3 and 4."""

    def __init__(self, binary, profile):
        command_out, self.commands = os.pipe()
        self.answers, answer_in = os.pipe()

        def prepare():
            os.dup2(command_out, 13)  # above what is in use, then to where Chromium looks
            os.dup2(answer_in, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe",
                 f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen([binary, *flags], preexec_fn=prepare, close_fds=False,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(command_out)
        os.close(answer_in)
        self.buffer, self.number, self.session, self.events = b"", 0, None, []
        target = [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"][0]
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)  # no window has the focus here

    def message(self):
        while b"\0" not in self.buffer:
            more = os.read(self.answers, 1 << 20)
            if not more:
                raise SystemExit("browser.py: Chromium ended early")
            self.buffer += more
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.commands, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"browser.py: {method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self.message())

    def ask(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise SystemExit(f"browser.py: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def end(self):
        self.call("Browser.close")
        self.process.wait(timeout=30)


# Texts of a picture that reach outside it, or that cover each other.
BAD_TEXTS = """(() => {
  const bad = [];
  for (const svg of document.querySelectorAll('svg.chart')) {
    const all = [...svg.querySelectorAll('text')].filter(t => getComputedStyle(t.parentNode).display !== 'none' &&
      !t.closest('.tip')).map(t => [t.textContent, t.getBoundingClientRect()]);
    const frame = svg.getBoundingClientRect();
    for (const [words, b] of all) {
      if (b.left < frame.left - 1 || b.right > frame.right + 1 || b.top < frame.top - 1 || b.bottom > frame.bottom + 1)
        bad.push('outside: ' + words);
    }
    for (let i = 0; i < all.length; ++i) for (let k = i + 1; k < all.length; ++k) {
      const [a, b] = [all[i][1], all[k][1]];
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
          Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3) bad.push(all[i][0] + ' over ' + all[k][0]);
    }
  }
  return bad;
})()"""
SUMMARY = """[...document.querySelectorAll('#summary tr')].slice(1).map(
  r => [r.cells[0].textContent, ...[...r.querySelectorAll('data')].map(d => Number(d.value))])"""
TABLE = """[...document.querySelectorAll('#%s details tr')].map(
  r => [r.cells[0].textContent, ...[...r.querySelectorAll('data')].map(d => Number(d.value))])"""
# Focuses the cell for as many GPUs and tokens; what then shows.
TIP = """(() => {
  const cell = [...document.querySelectorAll('.cell')].find(c => c.getAttribute('aria-label').startsWith('%s'));
  cell.focus();
  const tip = cell.querySelector('.tip');
  return document.activeElement === cell && getComputedStyle(tip).display !== 'none' ?
    [...tip.querySelectorAll('text')].map(t => t.textContent).join(' ') : '';
})()"""


def check(condition, words):
    if not condition:
        raise SystemExit("browser.py: " + words)


def same(shown, expected, what):
    check(shown == expected, f"{what}: the page has {shown}, the JSON {expected}")


def check_figures(browser, answer):
    """Summary, memory and time tables against the rows of the JSON."""
    rows = [row for row in answer["rows"] if not row["refused"]]
    summary = browser.ask(SUMMARY)
    check(len(summary) == len(rows), "the summary has not a line for each row")
    for line, row in zip(summary, rows):
        step, layer, memory = row["step"], row["layer"], row["memory"]
        check(line[0].startswith(row["strategy"]), f"{line[0]} is not {row['strategy']}")
        same(line[1:], [step["time_s"], step["tokens_per_s"], step["mfu"], row["usd_per_million_tokens"],
                        layer["forward"]["sent_bytes"], layer["backward"]["sent_bytes"], memory["peak_bytes"],
                        row["max_seq_len"]], row["strategy"])
    times = {line[0]: line[1:] for line in browser.ask(TABLE % "time")}
    for label, key in (("compute", "compute_s"), ("exposed communication", "exposed_comm_s"),
                       ("optimizer", "optimizer_s"), ("step", "time_s"), ("all communication", "comm_s")):
        same(times[label], [row["step"][key] for row in rows], label)
    same(times["hidden communication"], [max(0, r["step"]["comm_s"] - r["step"]["exposed_comm_s"]) for r in rows],
         "hidden communication")
    ledger = {line[0]: line[1:] for line in browser.ask(TABLE % "memory")}
    for name in {term["name"] for row in rows for term in row["memory"]["terms"]}:
        expected = [sum(t["bytes"] for t in row["memory"]["terms"] if t["name"] == name) for row in rows]
        same(ledger[name.replace("_", " ")], expected, name)
    same(ledger["peak"], [row["memory"]["peak_bytes"] for row in rows], "peak")


def check_page(browser, page, answer, folder, name, tips):
    for width, height, scheme in SIZES:
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=width < 500)
        browser.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}])
        url = "file://" + page
        browser.open(url)
        check_figures(browser, answer)
        for start, words in tips.items():
            shown = browser.ask(TIP % start)
            check(words in shown, f"focus on '{start}' shows '{shown}', not '{words}'")
        wide = browser.ask("document.documentElement.scrollWidth")
        check(wide <= width, f"the page is {wide} px wide at {width} px")
        if folder:
            take_picture(browser, width, os.path.join(folder, f"{name}-{width}-{scheme}.png"))
        bad = browser.ask(BAD_TEXTS)
        check(not bad, f"texts at {width} px: {bad}")
        asked = {e["params"]["request"]["url"] for e in browser.events
                 if e.get("method") == "Network.requestWillBeSent"}
        check(asked == {url}, f"requests: {sorted(asked)}")
        noise = [e["params"] for e in browser.events
                 if e.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")]
        check(not noise, f"console: {noise}")


def take_picture(browser, width, path):
    size = browser.call("Page.getLayoutMetrics")["cssContentSize"]
    shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True,
                        clip={"x": 0, "y": 0, "width": width, "height": size["height"], "scale": 1})
    with open(path, "wb") as file:
        file.write(base64.b64decode(shot["data"]))


def main():
    program, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not binary:
        print("skipped: there is no chromium (apt-get install chromium)")
        sys.exit(77)
    signal.alarm(240)
    with tempfile.TemporaryDirectory() as work:
        browser = Browser(binary, os.path.join(work, "profile"))
        for name, question, tips in (
                ("scenario", QUESTION, {"64 GPUs, 1Mi tokens": "a step"}),
                ("refusals", QUESTION + EAGER, {"64 GPUs, 1Mi tokens": "none fits"})):
            page = os.path.join(work, name + ".html")
            subprocess.run([program, "report", *question, "-o", page], check=True)
            made = subprocess.run([program, "compare", *question, "--json"], check=True, capture_output=True)
            check_page(browser, page, json.loads(made.stdout), folder, name, tips)
        browser.end()
    print("the page holds in Chromium")


main()
