#!/usr/bin/env python3
"""exact.py ITHACA [--seed S] [--models M] [--systems F]: the program against a second, naive implementation.

Bytes are counted head by head and rank by rank and fair shares by raising all rates together, in whole numbers and
fractions: nothing here is fast, clever or copied from the program. Memory has ledger.py. Random models,
lengths, GPU counts and flow systems come from the seed, which is printed. Exit 1 at the first difference.
"""
import argparse
import json
import os
import random
import sys
import tempfile
from fractions import Fraction

from questions import random_model, rows_of, run, write_model

GPUS_PER_NODE = 8  # of dgx-h100; a NIC for each
HALF, SINGLE = 2, 4  # bytes of bf16 and fp32


# ---- bytes of a layer ----------------------------------------------------------------------------------------------


def heads_of(rank, ranks, heads):
    """The query heads of a rank: neighbours, the first ranks one more where they do not divide."""
    least, more = divmod(heads, ranks)
    first = rank * least + min(rank, more)
    return range(first, first + least + (rank < more))


def kv_heads_of(rank, ranks, heads, kv_heads):
    return {head * kv_heads // heads for head in heads_of(rank, ranks, heads)}


class Ulysses:
    """All-to-alls of one group: `tokens` of each rank, before and after."""

    def __init__(self, ranks, heads, kv_heads, head_bytes, tokens):
        self.queries = [len(heads_of(r, ranks, heads)) for r in range(ranks)]
        self.keys = [len(kv_heads_of(r, ranks, heads, kv_heads)) for r in range(ranks)]
        self.unit = tokens * head_bytes
        self.ranks = range(ranks)

    def qkv(self, source, target):
        return self.unit * (self.queries[target] + 2 * self.keys[target])

    def out(self, source, target):
        return self.unit * self.queries[source]

    def forward(self, source, target):
        return self.qkv(source, target) + self.out(source, target)

    def backward(self, source, target):  # each all-to-all runs the other way
        return self.forward(target, source)

    def sent(self, rank, pair):
        return sum(pair(rank, other) for other in self.ranks if other != rank)

    def received(self, rank, pair):
        return sum(pair(other, rank) for other in self.ranks if other != rank)

    def past_the_node(self, node, pair):
        inside = [r for r in self.ranks if r // GPUS_PER_NODE == node]
        return sum(pair(r, s) for r in inside for s in self.ranks if s not in inside)


def padded(seq, strategy, ulysses, ring):
    """Zigzag gives each rank two pieces; without a ring each rank has one."""
    parts = ulysses * ring * 2 if ring > 1 else ulysses
    if strategy == "megatron_sp":
        return None
    return -(-seq // parts) * parts


def expected_layer(model, row, recompute):
    """Forward sent, received and backward sent of the rank that has most; and what leaves a node by NIC, where the
    heads are even."""
    u, r, tp = (int(row["layout." + degree]) for degree in ("ulysses", "ring", "tp"))
    seq = int(row["padded_seq_len"])
    forward_again = recompute == "full"
    if row["strategy"] == "megatron_sp":
        unit = Fraction(HALF * seq * model["hidden"] * (tp - 1), tp)  # a gather or scatter of the whole activation
        forward, backward = 4 * unit, (4 + 2 + 4 * forward_again) * unit  # two gathers of stored inputs more
        return forward, forward, backward, None
    group = Ulysses(u, model["heads"], model["kv_heads"], HALF * model["head_dim"], seq // (u * r))
    kv = [2 * (seq // r) * keys * model["head_dim"] for keys in group.keys]  # elements of a block of the ring
    hops = [HALF * elements * (r - 1) for elements in kv]
    home = [SINGLE * elements * r if r > 1 else 0 for elements in kv]  # dK and dV in fp32
    largest = {
        pair: max(group.sent(rank, getattr(group, pair)) for rank in group.ranks) for pair in ("forward", "backward")
    }
    sent = largest["forward"] + max(hops)  # the all-to-alls and the ring by the busiest rank of each
    received = max(group.received(rank, group.forward) for rank in group.ranks) + max(hops)
    back = largest["backward"] + max(hops) + max(home) + forward_again * sent
    nic = None
    even = len(set(group.queries)) == len(set(group.keys)) == 1 and u % GPUS_PER_NODE in (0, u)
    if row["strategy"] == "ulysses" and even:
        nodes = range(-(-u // GPUS_PER_NODE))
        nic = max(Fraction(group.past_the_node(node, group.forward), GPUS_PER_NODE) for node in nodes)
    return sent, received, back, nic


LAYER_COLUMNS = {
    "layer.forward.sent_bytes": 0,
    "layer.forward.received_bytes": 1,
    "layer.backward.sent_bytes": 2,
    "layer.forward.nic_bytes": 3,
}


def check_layers(program, dice, model, path):
    lengths = [dice.randint(64, 300000) for _ in range(4)]
    counts = sorted(dice.sample(range(1, 129), 10))
    degrees = ["ulysses", "ring", "tp", "dp"]
    columns = ["strategy", "padded_seq_len", "refused.rule", *("layout." + d for d in degrees), *LAYER_COLUMNS]
    rows = rows_of(program, path, {"gpus": counts, "seq": lengths, "recompute": ["none", "full"]}, columns)
    checked = 0
    for row in rows:
        if row["refused.rule"] and not row["layer.forward.sent_bytes"]:
            continue
        want = expected_layer(model, row, row["set.recompute"])
        length = padded(int(row["set.seq"]), row["strategy"], int(row["layout.ulysses"]), int(row["layout.ring"]))
        if length is not None and length != int(row["padded_seq_len"]):
            sys.exit(f"{model}\n{row}\npadded to {length} here")
        for column, at in LAYER_COLUMNS.items():
            if want[at] is not None and abs(Fraction(row[column]) - want[at]) > max(1, want[at] * Fraction(1, 10**12)):
                sys.exit(f"{model}\n{row}\n{column}: {float(want[at])} here")
        checked += 1
    return checked


# ---- fair shares ---------------------------------------------------------------------------------------------------


def fair_rates(flows, capacity):
    """Raise all rates together until a link is full, then those of all flows off it, and so on."""
    rates, free, growing = {}, dict(capacity), set(flows)
    while growing:
        users = {link: [f for f in growing if link in flows[f]] for link in free}
        link = min((l for l in free if users[l]), key=lambda l: free[l] / len(users[l]))
        share = free[link] / len(users[link])
        for flow in users[link]:
            rates[flow] = share
            growing.discard(flow)
            for each in flows[flow]:
                free[each] -= share
    return rates


def finish_times(system):
    capacity = {link["id"]: Fraction(link["capacity"]) for link in system["links"]}
    waiting = {i: Fraction(flow["start"]) for i, flow in enumerate(system["flows"])}
    left = {i: Fraction(flow["bytes"]) for i, flow in enumerate(system["flows"])}
    running, finish, now = set(), {}, Fraction(0)
    while waiting or running:
        rates = fair_rates({i: system["flows"][i]["path"] for i in running}, capacity)
        moments = [now + left[i] / rates[i] for i in running] + list(waiting.values())
        then = min(moments)
        for i in running:
            left[i] -= rates[i] * (then - now)
        now = then
        for i in [i for i in running if left[i] == 0]:
            running.discard(i)
            finish[i] = now
        for i in [i for i, start in waiting.items() if start <= now]:
            del waiting[i]
            running.add(i)
    return [finish[i] for i in range(len(system["flows"]))]


def random_system(dice, number):
    links = [{"id": f"l{i}", "capacity": dice.choice([1, 2, 3, 5, 10]) * 10**9, "latency": 0}
             for i in range(dice.randint(1, 8))]
    flows = [{
        "start": dice.choice([0, 0, 0, 0.25, 0.5]),
        "bytes": dice.randint(1, 40) * 10**8,
        "path": [link["id"] for link in dice.sample(links, dice.randint(1, min(4, len(links))))],
    } for _ in range(dice.randint(1, 14))]
    return {"name": f"random {number}", "links": links, "flows": flows}


def check_flows(program, dice, folder, systems):
    cases = [random_system(dice, number) for number in range(systems)]
    path = os.path.join(folder, "flows.json")
    with open(path, "w") as file:
        json.dump({"format": 1, "cases": cases}, file)
    checked = 0
    for case, answer in zip(cases, json.loads(run(program, "simulate", "flows", path, "--json"))["cases"], strict=True):
        for want, flow in zip(finish_times(case), answer["flows"], strict=True):
            if abs(Fraction(flow["finish_s"]) - want) > want * Fraction(1, 10**12):
                sys.exit(f"{case}\nfinishes at {flow['finish_s']}, {float(want)} here")
            checked += 1
    return checked


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("program")
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--models", type=int, default=12)
    flags.add_argument("--systems", type=int, default=200)
    asked = flags.parse_args()
    dice = random.Random(asked.seed)
    print(f"seed {asked.seed}")
    layers = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.models):
            model = random_model(dice)
            path = write_model(model, folder, number)
            layers += check_layers(asked.program, dice, model, path)
        flows = check_flows(asked.program, dice, folder, asked.systems)
    print(f"{layers} layers and {flows} flows are equal")
    if min(layers, flows) == 0:
        sys.exit("nothing was compared")


if __name__ == "__main__":
    main()
