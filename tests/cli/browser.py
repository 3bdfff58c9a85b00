#!/usr/bin/env python3
"""browser.py PROGRAM [FOLDER]: loads the page of `ithaca report` from disk in headless Chromium.

At phone and desktop width, light and dark: no request but the page's own file, nothing on the console, no sideways
scrolling, no text of a picture outside it or over another text (of pages of saved answers too), every figure equal to
the JSON of `ithaca compare`, and reasons that show when a cell gets the focus. Where the page has sliders, its script draws what the program drew;
they are moved, and the figures must be those of the command line that the page then offers. Screenshots go to FOLDER.
Exits with 77 where there is no Chromium.
Speaks the DevTools protocol over a pipe, so that nothing but Python's standard library is needed.
"""

import base64
import json
import os
import re
import shlex
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

    def wait_for_load(self):
        self.events = [e for e in self.events if e.get("method") != "Page.loadEventFired"]
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self.message())

    def ask(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
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


# Opens every table; answers once the panel is there, if the page has one.
READY = """new Promise(ready => {
  document.querySelectorAll('details').forEach(d => { d.open = true; });
  const look = () => document.getElementById('model-code') && !globalThis.panel ? setTimeout(look, 10) :
    requestAnimationFrame(() => setTimeout(ready, 0));
  look();
})"""
DRAWN = """Object.fromEntries([...document.querySelectorAll('#figures figure')].filter(f => f.querySelector('svg.chart')).map(f => [f.id,
  f.querySelector('svg.chart').outerHTML + f.querySelector('.legend').outerHTML + f.querySelector('details').innerHTML]))"""
# Moves a slider or takes an entry of a list, as a person's hand does; answers once the page is drawn again.
MOVE = """new Promise(drawn => {
  const {input, knob} = panel.controls.get('%s');
  input.value = knob ? panel.optionsOf(knob).findIndex(option => option[2] === '%s') : '%s';
  input.dispatchEvent(new Event(input.type === 'range' ? 'input' : 'change'));
  requestAnimationFrame(() => setTimeout(drawn, 0));
})"""
# Seconds of a frame with all charts and tables: the least of ten, as others share this machine.
FRAME = """Math.min(...Array.from({length: 10}, () => { panel.draw(); return Number(panel.section.dataset.ms); }))"""


def check(condition, words):
    if not condition:
        raise SystemExit("browser.py: " + words)


def same(shown, expected, what):
    """To the last digits: the figures of a page with sliders are worked out in it."""
    check(len(shown) == len(expected) and all(abs(s - e) <= 1e-12 * abs(e) for s, e in zip(shown, expected)),
          f"{what}: the page has {shown}, the JSON {expected}")


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


def near(a, b):
    """Whether two texts are the same but for the last digits of their numbers."""
    number = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[-+][0-9]+)?")
    pairs = list(zip(number.findall(a), number.findall(b)))
    return number.sub("#", a) == number.sub("#", b) and all(
        abs(float(x) - float(y)) <= max(1e-12 * abs(float(x)), 0.11 if len(x) < 8 else 0) for x, y in pairs)


def rows_of(program, command):
    """Rows that the command line gives, without those that are refused."""
    made = subprocess.run([program, *shlex.split(command)[1:], "--json"], check=True, capture_output=True)
    return [row for row in json.loads(made.stdout)["rows"] if not row["refused"]]


# What is moved one after another, to what, and what the command line says then.
MOVES = [("gpus", "128", "--gpus 128"), ("recompute", "1", "--recompute selective"), ("ulysses", "4", "--ulysses 4"),
         ("heads", "64", "--set heads=64"), ("nic", "100Gbps", "--set nic=100Gbps"), ("model", "3", "--model")]


def check_sliders(browser, program, moves):
    """The page's script against the program: what it draws by itself, and what its command lines give."""
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.call("Page.reload")
    browser.wait_for_load()
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    static = browser.ask("document.querySelectorAll('details').forEach(d => { d.open = true; }); " + DRAWN)
    browser.call("Page.reload")
    browser.wait_for_load()
    browser.ask(READY)
    drawn = browser.ask(DRAWN)
    for name, markup in static.items():
        check(near(markup, drawn[name]), f"the script draws another '{name}' than the program")
    for knob, to, words in moves:
        browser.ask(MOVE % (knob, to, to))
        command = browser.ask("document.getElementById('command').textContent")
        check(words in command, f"after {knob} the command line is {command}")
        rows = rows_of(program, command)
        summary = browser.ask(SUMMARY)
        check(len(summary) == len(rows), f"{command}: {len(rows)} rows, the page has {len(summary)}")
        for line, row in zip(summary, rows):
            check(line[0].startswith(row["strategy"]), f"{line[0]} is not {row['strategy']}")
            for shown, expected in ((line[1], row["step"]["time_s"]), (line[4], row["usd_per_million_tokens"]),
                                    (line[7], row["memory"]["peak_bytes"])):
                check(abs(shown - expected) <= 1e-12 * expected, f"{command}: {expected} is {shown} on the page")
    browser.ask("document.getElementById('copy').click()")
    browser.ask("document.getElementById('back').click()")
    drawn = browser.ask(DRAWN)
    check(all(near(static[name], drawn[name]) for name in static), "back at the question the figures are others")
    return browser.ask(FRAME)


def open_page(browser, page, width, height, scheme):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=width < 500)
    browser.call("Emulation.setEmulatedMedia", features=[
        {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}])
    browser.open("file://" + page)
    browser.ask(READY)


def check_looks(browser, page, width, picture):
    """Nothing wider than the screen, no text out of place, no request and no word on the console since it opened."""
    wide = browser.ask("document.documentElement.scrollWidth")
    check(wide <= width, f"the page is {wide} px wide at {width} px")
    if picture:
        take_picture(browser, width, picture)
    bad = browser.ask(BAD_TEXTS)
    check(not bad, f"texts at {width} px: {bad}")
    asked = {e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"}
    check(asked == {"file://" + page}, f"requests: {sorted(asked)}")
    noise = [e["params"] for e in browser.events
             if e.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")]
    check(not noise, f"console: {noise}")


def check_page(browser, program, page, answer, folder, name, tips):
    least = []
    for width, height, scheme in SIZES:
        open_page(browser, page, width, height, scheme)
        check_figures(browser, answer)
        if name == "scenario" and scheme == "light" and browser.ask("!!globalThis.panel"):
            least.append(check_sliders(browser, program, MOVES if width > 500 else MOVES[:2]))
        browser.ask("document.querySelectorAll('details').forEach(d => { d.open = false; })")
        if folder and least and scheme == "light":
            browser.ask(MOVE % ("gpus", "256", ""))
            take_picture(browser, width, os.path.join(folder, f"moved-{width}.png"))
            browser.ask("panel.back()")
        for start, words in tips.items():
            shown = browser.ask(TIP % start)
            check(words in shown, f"focus on '{start}' shows '{shown}', not '{words}'")
        check_looks(browser, page, width, folder and os.path.join(folder, f"{name}-{width}-{scheme}.png"))
    if least:
        print("a frame with all charts: " + ", ".join(f"{ms} ms" for ms in least))


FLOWS = """{"format": 1, "cases": [{"name": "two on a wire", "links": [{"id": "wire", "capacity": 10}],
  "flows": [{"id": "short", "bytes": 10, "path": ["wire"]}, {"id": "long", "bytes": 20, "path": ["wire"]}]}]}"""
# Answers whose pages have charts of their own, and the command that writes each.
SAVED = {"decode": ["compare", *QUESTION, "--phase", "decode", "--batch", "8"],
         "collective": ["simulate", "collective", "all_reduce", *QUESTION[2:6], "--sizes", "1KiB..1GiB*4"],
         "ecmp": ["simulate", "collective", "all_to_all", *QUESTION[2:6], "--sizes", "64MiB", "--routing", "ecmp",
                  "--fabric", "{kind: fat_tree, oversubscription: 2}", "--seeds", "5"],
         "flows": ["simulate", "flows", "flows.yaml"],
         "curriculum": ["plan", *QUESTION[:6], "--batch-tokens", "4Mi", "--curriculum", "8Ki:2T,128Ki:200G"],
         "sweep": ["sweep", "--no-progress", *QUESTION[:4], "--set", "gpus=8..64*2", "--set", "seq=64Ki..1Mi*4"]}


def check_saved(browser, program, work, folder):
    """Pages of saved answers, once on a phone and once on a dark desktop."""
    with open(os.path.join(work, "flows.yaml"), "w") as file:
        file.write(FLOWS)
    for name, words in SAVED.items():
        page = os.path.join(work, name + ".html")
        subprocess.run([program, *words, "--json", "-o", name + ".json"], cwd=work, check=True)
        subprocess.run([program, "report", name + ".json", "-o", page], cwd=work, check=True)
        for width, height, scheme in (SIZES[0], SIZES[-1]):
            open_page(browser, page, width, height, scheme)
            check(browser.ask("document.querySelectorAll('svg.chart, table').length") >= 2, name + " shows nothing")
            browser.ask("document.querySelectorAll('details').forEach(d => { d.open = false; })")
            check_looks(browser, page, width, folder and os.path.join(folder, f"{name}-{width}.png"))


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
            check_page(browser, program, page, json.loads(made.stdout), folder, name, tips)
        check_saved(browser, program, work, folder)
        browser.end()
    print("the page holds in Chromium")


main()
