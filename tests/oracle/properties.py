#!/usr/bin/env python3
"""properties.py ITHACA [--seed S] [--models M]: what must hold of every answer, whatever the figures.

More bandwidth is never slower, a longer sequence never takes less memory or time, nothing is below its bound, twice the
micro-batches compute for twice as long, and the largest and smallest questions get finite figures or a reason. Random
models and layouts come from the seed, which is printed. Exit 1 at the first that does not hold.
"""
import argparse
import math
import random
import sys
import tempfile

from questions import random_model, rows_of, write_model

ROUNDING = 1 + 1e-9
BOUNDS = [("layer.forward.time_s", "layer.forward.bound_s"), ("layer.backward.time_s", "layer.backward.bound_s"),
          ("step.time_s", "step.bound_s")]
LAYOUT = ["layout." + degree for degree in ("ulysses", "ring", "tp", "pp", "dp")]
FIGURES = ["memory.peak_bytes", "step.compute_s", "step.exposed_comm_s", "step.tokens_per_s", "step.mfu",
           *(name for pair in BOUNDS for name in pair)]
STRATEGIES = "ulysses,megatron_sp,ring,usp,tensor_parallel,cp_all_gather,loongtrain,fpdt"
# Without all-reduces: by its own estimate NCCL may change to the slower algorithm when a link becomes faster.
WITHOUT_ALL_REDUCE = STRATEGIES.replace("tensor_parallel,", "")


def figures_of(row):
    """The row's figures, or nothing where it is refused with a reason; exit 1 where one is no number."""
    if row["refused.rule"]:
        if not row["refused.why"]:
            sys.exit(f"refused without a reason: {row}")
        return None
    figures = {name: float(row[name] or "nan") for name in FIGURES}
    wrong = [name for name, value in figures.items() if not math.isfinite(value) or value < 0]
    if wrong:
        sys.exit(f"{', '.join(wrong)}: no figure in {row}")
    for time, bound in BOUNDS:
        if figures[time] * ROUNDING < figures[bound]:
            sys.exit(f"{time} is below its bound in {row}")
    return figures


class Ask:
    """Counts the rows that it has looked at."""

    def __init__(self, program):
        self.program, self.rows = program, 0

    def series(self, path, axes, *flags, strategies=STRATEGIES):
        """Figures along the first axis, for each strategy, layout and value of the other axes."""
        columns = ["strategy", "refused.rule", "refused.why", *LAYOUT, *FIGURES]
        series = {}
        for row in rows_of(self.program, path, axes, columns, "--strategies", strategies, *flags):
            self.rows += 1
            figures = figures_of(row)
            if figures:
                others = [row["set." + name] for name in list(axes)[1:]]
                key = (row["strategy"], *(row[name] for name in LAYOUT), *others)
                series.setdefault(key, {})[row["set." + next(iter(axes))]] = figures
        return series


def ordered(series, name, sign, what):
    """The figure never rises (sign -1) or never falls (sign 1) along each series."""
    for key, line in series.items():
        values = [figures[name] for figures in line.values()]
        for before, after in zip(values, values[1:]):
            if sign * (after - before) < -1e-9 * before:
                sys.exit(f"{what}: {name} goes from {before} to {after} for {key}")


def check_model(ask, dice, path):
    gpus = sorted(dice.sample([2, 4, 8, 12, 16, 24, 32, 64], 3))
    lengths = sorted(dice.sample(range(9, 19), 3))
    lengths = [2**power for power in lengths]
    some = ["--recompute", dice.choice(["none", "full", "selective"]), "--zero", str(dice.randint(1, 3))]
    print(gpus, lengths, some)
    for wire, rates in (("nic", [f"{rate}Gbps" for rate in (1, 25, 100, 400, 800, 6400)]),
                        ("nvlink", [f"{rate}GBps" for rate in (10, 100, 450, 900, 4000)])):
        faster = ask.series(path, {wire: rates, "gpus": gpus, "seq": lengths}, *some, strategies=WITHOUT_ALL_REDUCE)
        ordered(faster, "step.time_s", -1, f"a faster {wire}")
    longer = ask.series(path, {"seq": [2**power for power in range(8, 21)], "gpus": gpus}, *some, "--ulysses", "2",
                        strategies="usp,ulysses")
    ordered(longer, "memory.peak_bytes", 1, "longer sequences")
    ordered(longer, "step.time_s", 1, "longer sequences")
    batches = ask.series(path, {"global_batch": [8, 16], "gpus": gpus, "seq": lengths}, *some, "--micro-batch", "1")
    for key, line in batches.items():
        times = len(line) == 2 and line["16"]["step.compute_s"] / line["8"]["step.compute_s"]
        if times and abs(times - 2) > 1e-9:
            sys.exit(f"twice the batch computes for {times} times as long: {key}")


def check_extremes(ask, folder):
    """From one token, GPU, head and kB/s to 10^9 tokens, 10^6 GPUs, 4,096 heads (more are refused) and PB/s."""
    for number, heads in enumerate((1, 7, 4096)):
        model = {"heads": heads, "kv_heads": heads, "head_dim": 64, "hidden": heads * 64, "layers": 2,
                 "ffn": 4 * heads * 64, "vocab": 1000}
        path = write_model(model, folder, f"extreme-{number}")
        ask.series(path, {"nic": ["1KBps", "1PBps"], "gpus": [1, 2, 7, 8, 1000, 16384, 1000000],
                          "seq": [1, 2, 3, 1000, 1000003, 1000000000]})


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("program")
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--models", type=int, default=12)
    asked = flags.parse_args()
    dice, ask = random.Random(asked.seed), Ask(asked.program)
    print(f"seed {asked.seed}")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.models):
            model = random_model(dice)
            print(model)
            check_model(ask, dice, write_model(model, folder, number))
        check_extremes(ask, folder)
    print(f"all holds of {ask.rows} rows")


if __name__ == "__main__":
    main()
