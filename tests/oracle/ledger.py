#!/usr/bin/env python3
"""ledger.py ITHACA [--seed S] [--cases C]: the memory of a GPU against a second count, tensor by tensor.

What every stage of a pipeline holds at every moment of a step is written down as tensors of so many rows, columns and
bytes an element, in whole numbers and fractions, and the largest moment of the largest stage is compared with the
program's ledger, term by term. Models, layouts and flags come from the seed, which is printed. Exit 1 at the first
difference. What a count cannot know (workspaces, fragmentation) is as --explain says it.
"""
from questions import count_equal, run_cases, write_model
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

    def wrong_with(row):
        if not row["memory"]:
            return None
        layout = dict(row["layout"], strategy=row["strategy"])
        return differences(row, peak_of(Rank(Model(model), ask, layout, row["padded_seq_len"])))

    for strategy in STRATEGIES:
        words = ["--model", path, *words_of(ask, strategy, dice.randint(1, 64) * 512)]
        checked += count_equal(program, model, words, wrong_with)
    return checked


if __name__ == "__main__":
    run_cases("ledgers", 40, check)
