#!/usr/bin/env python3
"""ledger.py ITHACA [--seed S] [--cases C]: the memory of a GPU against a second count, tensor by tensor.

What every stage of a pipeline holds at every moment of a step is written down as tensors of so many rows, columns and
bytes an element, in whole numbers and fractions, and the largest moment of the largest stage is compared with the
program's ledger, term by term. Models, layouts and flags come from the seed, which is printed. Exit 1 at the first
difference. What a count cannot know (workspaces, fragmentation) is as --explain says it.
"""
import argparse
import json
import random
import sys
import tempfile

from questions import run, write_model
from rank import Model, Rank
from stage import Stage
from training import STRATEGIES, drawn_model, drawn_question, words_of


def differences_of(got, want):
    for name in sorted({*got, *want}):
        a, b = got.get(name, 0), want.get(name, 0)
        if abs(a - b) > max(2, b * 1e-12):
            yield f"{name}: {a:.0f} by the program, {b} here"


def differences(row, want):
    memory = row["memory"]
    for place, key in (("terms", "terms"), ("host", "host_terms")):
        yield from differences_of({t["name"]: t["bytes"] for t in memory[key]}, want[place])
    at, here = ([peak[key] for key in ("stage", "moment", "operator")] for peak in (memory, want))
    if at != here:
        yield f"the peak: {at} by the program, {here} here"


def peak_of(rank):
    best = None
    for index in range(rank.l["pp"]):
        for ledger in Stage(rank, index).ledgers():
            if best is None or sum(ledger["terms"].values()) > sum(best["terms"].values()) + 1:
                best = ledger
    return best


def check(program, dice, folder, number):
    model, checked = drawn_model(dice), 0
    path = write_model(model, folder, number)
    ask = drawn_question(dice, model)
    for strategy in STRATEGIES:
        seq = dice.randint(1, 64) * 512
        words = ["compare", "--model", path, *words_of(ask, strategy, seq)]
        for row in json.loads(run(program, *words))["rows"]:
            if not row["memory"]:
                continue
            layout = dict(row["layout"], strategy=strategy)
            want = peak_of(Rank(Model(model), ask, layout, row["padded_seq_len"]))
            wrong = list(differences(row, want))
            if wrong:
                sys.exit("\n".join([f"{model}", " ".join(words), f"{row['layout']}", *wrong]))
            checked += 1
    return checked


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("program")
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--cases", type=int, default=40)
    asked = flags.parse_args()
    dice = random.Random(asked.seed)
    print(f"seed {asked.seed}")
    with tempfile.TemporaryDirectory() as folder:
        checked = sum(check(asked.program, dice, folder, number) for number in range(asked.cases))
    print(f"{checked} ledgers are equal")
    if checked == 0:
        sys.exit("nothing was compared")


if __name__ == "__main__":
    main()
