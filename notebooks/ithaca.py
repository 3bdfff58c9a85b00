"""What the notebooks share: they ask the command and draw its JSON. Nothing of the model is here."""

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

root = Path(__file__).resolve().parent.parent

# One colour and one marker for each strategy, told apart in print and by eyes that see no red or green (Okabe and Ito).
colors = {"ulysses": "#0072B2", "megatron_sp": "#D55E00", "ring": "#009E73", "usp": "#CC79A7"}
markers = {"ulysses": "o", "megatron_sp": "s", "ring": "^", "usp": "D"}
GiB, Ki = 2**30, 2**10


def program():
    """$ITHACA, else what ./start built, else what is installed."""
    built = root / "build" / "release" / "ithaca"
    found = os.environ.get("ITHACA") or (str(built) if built.exists() else shutil.which("ithaca"))
    if not found:
        raise FileNotFoundError("there is no ithaca: run ./start, install it, or set ITHACA to it")
    return found


def run(words):
    """What the command prints, as it would be typed without its name; with -o, what it says beside the file. Exit code 3
    (all refused) and 4 (a validation outside its tolerance) are answers too."""
    print("$ ithaca", words)
    done = subprocess.run([program(), *shlex.split(words)], cwd=root, capture_output=True, text=True)
    if done.returncode not in (0, 3, 4):
        raise RuntimeError(done.stderr)
    return done.stdout or done.stderr


def ask(words):
    """The command's answer as data."""
    return json.loads(run(words + " --json"))


def standing(answer):
    """Rows that are not refused."""
    return [row for row in answer["rows"] if not row["refused"]]


def say_refused(answer):
    for row in answer["rows"]:
        if row["refused"]:
            print(f"{row['strategy']}: refused, {row['refused']['why']}; {row['refused']['instead']}")


def layout(row):
    degrees = row["layout"]
    return " x ".join(f"{name} {degrees[name]}" for name in ("ulysses", "ring", "tp", "pp", "dp") if degrees[name] > 1)


def style():
    mpl.rcParams.update({
        "figure.figsize": (6.3, 3.4), "figure.dpi": 110, "figure.constrained_layout.use": True,
        "font.size": 9, "axes.titlesize": 9, "axes.titleweight": "bold", "axes.titlelocation": "left",
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
        "grid.color": "#e0e0e0", "legend.frameon": False, "lines.markersize": 4.5, "lines.linewidth": 1.4,
    })


def powers(axis, values, label):
    """Ticks of a log axis at these values, as people write them."""
    axis.set_ticks(values, labels=[label(v) for v in values])
    axis.set_ticks([], minor=True)


def tokens(count):
    """262144 as 256Ki, 1048576 as 1Mi."""
    return f"{count // 2**20}Mi" if count >= 2**20 and count % 2**20 == 0 else f"{count // Ki}Ki"
