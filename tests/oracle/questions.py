"""Random models, what the program answers about them, and the command line of its second implementations."""
import argparse
import csv
import io
import json
import os
import random
import subprocess
import sys
import tempfile


def run(program, *words):
    done = subprocess.run([program, *words], capture_output=True, text=True)
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(words)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def rows_of(program, model, axes, columns, *flags):
    """Rows of a sweep as dictionaries of text; `axes` by name, the last one changes fastest."""
    sets = [word for name, values in axes.items() for word in ("--set", f"{name}=[{','.join(map(str, values))}]")]
    text = run(program, "sweep", "--model", model, "--cluster", "dgx-h100", *sets, "--csv", "--columns",
               ",".join(columns), "--no-progress", *flags)
    return list(csv.DictReader(io.StringIO(text)))


def random_model(dice):
    kv_heads = dice.choice([1, 2, 3, 4, 6, 8, 12, 16])
    heads = kv_heads * dice.choice([1, 2, 3, 4, 5, 7, 8])
    head_dim = dice.choice([64, 80, 96, 128])
    return {
        "heads": heads,
        "kv_heads": kv_heads,
        "head_dim": head_dim,
        "hidden": dice.choice([heads * head_dim, 256 * dice.randint(2, 40)]),
        "layers": dice.randint(1, 90),
        "ffn": 64 * dice.randint(8, 500),
        "vocab": dice.randint(1000, 200000),
    }


def write_model(model, folder, number):
    path = os.path.join(folder, f"model{number}.yaml")
    with open(path, "w") as file:
        file.write(f"schema: model/1\nname: random-{number}\nsource: drawn at random\n")
        file.writelines(f"{key}: {json.dumps(value)}\n" for key, value in model.items())  # YAML has JSON's values
    return path


def count_equal(program, model, words, differences):
    """Rows of an answer of compare in which the program and the second implementation agree. `differences` gives what
    differs in a row, None where there is nothing to compare; the first difference ends it all."""
    checked = 0
    for row in json.loads(run(program, "compare", *words, "--json"))["rows"]:
        found = differences(row)
        if found is None:
            continue
        wrong = list(found)
        if wrong:
            sys.exit("\n".join([f"{model}", " ".join(words), f"{row['layout']}", *wrong]))
        checked += 1
    return checked


def run_cases(what, cases, check):
    """Sums check(program, dice, folder, number) over the cases that the command line asks for."""
    flags = argparse.ArgumentParser()
    flags.add_argument("program")
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--cases", type=int, default=cases)
    asked = flags.parse_args()
    dice = random.Random(asked.seed)
    print(f"seed {asked.seed}")
    with tempfile.TemporaryDirectory() as folder:
        checked = sum(check(asked.program, dice, folder, number) for number in range(asked.cases))
    print(f"{checked} {what} are equal")
    if checked == 0:
        sys.exit("nothing was compared")
