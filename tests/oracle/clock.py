#!/usr/bin/env python3
"""clock.py ITHACA [--seed S] [--cases C]: the time of a step against a second count, kernel by kernel.

On a GPU whose kernels reach their rooflines, and launch in a time of their own, every kernel of a step is written down
with its floating-point operations and bytes. What waits for what is put together again from the times that the program
states for single collectives. Models, layouts and flags come from the seed, which is printed. Exit 1 at the first
difference.
"""
from kernels import HOST_LINK, LAUNCH, PEAK, RATE, SHARE, Clock, write_cluster
from questions import count_equal, run_cases, write_model
from rank import Model, Rank
from stage import Stage
from training import STRATEGIES, drawn_model, drawn_question, words_of

TOLERANCE = 1e-9


def useful_flops(model, ask, seq):
    """Of a step by the parameters that a token passes through and half of each score matrix; a frozen matrix has no
    gradient of its own."""
    whole = Rank(model, ask, {"strategy": "ulysses", "tp": 1, "ulysses": 1, "ring": 1, "ep": 1}, seq)
    lora, at = ask["lora"]
    frozen, adapters = model.hidden * model.vocab, 0
    for layer in range(model.layers):
        moe = model.is_moe(layer)
        passed = [(x, 1) for x in whole.shared(moe)]
        if moe:
            frozen += model.hidden * model.experts["count"]
            passed += [(x, model.experts["top_k"]) for x in whole.ffn_of(model.experts["ffn"], 0)]
        frozen += sum(x.inward * x.outward * times for x, times in passed)
        adapters += sum(x.adapter(lora) * times for x, times in passed if lora and at in ("all", x.of))
    scores = model.mask_share(seq) * model.layers * model.heads * (model.head_dim + model.value) * seq * seq / 2
    products = 2 * frozen + 3 * adapters if lora else 3 * frozen
    return ask["global"] * (2 * seq * products + 3 * 2 * scores)


class Waits:
    """What compute waits for, from single collectives' stated times."""

    def __init__(self, clock, row):
        self.c, self.row = clock, row

    def traffic(self, way, recomputed):
        sums = {"blocking": 0, "hops": 0, "gathers": 0}
        for call in self.row["layer"][way]["collectives"]:
            if call["recomputed"] == recomputed:
                kind = "blocking" if not call["overlapped"] else "hops" if call["op"] == "send_recv" else "gathers"
                sums[kind] += call["time_s"]
        return sums

    def exposed(self, way, recomputed, moe, share=1):
        """Communication and what of it is not hidden."""
        backward = way == "backward" and not recomputed
        t = self.traffic(way, recomputed)
        hidden = min(t["hops"], self.c.attention(backward)[1] * (self.c.l["ring"] - 1))
        if backward:
            hidden += min(t["gathers"], self.c.products(moe, True) / 2)
        return sum(t.values()) * share, (sum(t.values()) - hidden) * share

    def sharded(self):
        """Times of one gather and one reduction of a layer, of those at the ends, and of those after the step."""
        ask, layers = self.c.ask, self.c.m.layers
        micro = ask["global"] // (ask["micro"] * self.c.l["dp"])
        sums = dict.fromkeys(("gather", "reduce", "ends", "at_end", "update"), 0.0)
        zero = self.c.l["zero"]
        for call in self.row["step"]["parameter_collectives"]:
            once, gather = call["time_s"] / call["count"], call["op"] == "all_gather"
            if zero == 3 and gather:
                sums["gather" if call["count"] == 2 * layers * micro else "ends"] += once
            elif gather:
                sums["update"] += once
            elif zero >= 2:
                sums["reduce" if call["count"] == layers * micro else "ends"] += once
            else:
                sums["at_end"] += once
        return sums

    def tensor_ends(self):
        """Hidden states gathered and reduced around embedding and head, as large as a layer's."""
        if self.c.l["tp"] == 1:
            return 0
        layer = self.row["layer"]["forward"]["collectives"]
        call = {c["op"]: c["time_s"] for c in layer if c["tensor"].startswith("mlp")}
        if "all_reduce" in call:
            return 2 * call["all_reduce"]
        return 3 * call["all_gather"] + 2 * call["reduce_scatter"]


def expected(clock, stage, row):
    ask, l = clock.ask, clock.l
    micro = ask["global"] // (ask["micro"] * l["dp"])
    moe, layers = stage.layers[0], len(stage.layers)
    ways = {backward: clock.layer(moe, backward) for backward in (False, True)}
    again = 1 / ask["every"] if ask["recompute"] == "full" else 0
    parts = clock.ends(stage)
    for part in parts:
        parts[part] += layers * ((1 + again) * ways[False][part] + ways[True][part])
    core_alone = ask["recompute"] == "selective" and not ask["flash"]
    if core_alone:
        parts["attention"] += layers * ways[False]["attention"]
    total = {way: sum(kernels.values()) for way, kernels in ways.items()}
    repeated = again * total[False] + (ways[False]["attention"] if core_alone else 0)

    waits = Waits(clock, row)
    shard, calls = waits.sharded(), []
    forward = waits.exposed("forward", False, moe)
    own, once_more = waits.exposed("backward", False, moe), waits.exposed("backward", True, moe, again or 1)
    back = (own[0] + once_more[0], own[1] + once_more[1])
    compute_back = total[True] + repeated
    wait_forward = max(forward[1], shard["gather"] + forward[0] - total[False])
    wait_back = max(back[1], shard["gather"] + shard["reduce"] + back[0] - compute_back)
    ends = waits.tensor_ends()
    exposed = micro * (layers * (wait_forward + wait_back) + ends + shard["ends"] + shard["gather"])
    comm = micro * (layers * (forward[0] + back[0]) + ends)
    comm += sum(call["time_s"] for call in row["step"]["parameter_collectives"])
    beside = (compute_back + wait_back) * (layers - 1)
    exposed += max(shard["at_end"] - beside, shard["at_end"] / layers) + shard["update"]

    compute = micro * sum(parts.values())
    down, up, after, optimizer = offloaded(clock, stage, micro, row["active_gpus"])
    layers_host, update_host = max(down, up) / HOST_LINK, max(after) / HOST_LINK
    exposed += max(0, layers_host - compute) + update_host
    comm += layers_host + update_host
    flops = clock.executed(stage) * micro * l["dp"]
    wires = sum(call["bound_s"] * (again if call["recomputed"] and again else 1)
                for way in ("forward", "backward") for call in row["layer"][way]["collectives"])
    want = {f"{part}_s": micro * time for part, time in parts.items()}
    want["bound_s"] = max(flops / (PEAK[ask["dtype"]] * row["active_gpus"]), micro * layers * wires)
    return want | {"compute_s": compute, "comm_s": comm, "exposed_comm_s": exposed, "optimizer_s": optimizer,
                   "time_s": compute + exposed + optimizer, "executed_flops": flops,
                   "model_flops": useful_flops(clock.m, ask, row["seq_len"])}


def offloaded(clock, stage, micro, gpus):
    """Bytes to and from the host beside the layers, around the update, and the update's own time."""
    ask, r, e = clock.ask, clock.r, clock.r.e
    gradient = 4 if ask["fp32_gradients"] else e
    owned = float(stage.share(*stage.totals(True), 1))
    down = up = 0
    after = (0, 0)
    if "checkpoints" in ask["offload"]:
        for moe in stage.layers:
            whole, stream = sum(r.kept(moe).values()), e * clock.stream
            down += micro * (stream / ask["every"] + whole * (1 - 1 / ask["every"]))
        up = down
    if "parameters" in ask["offload"]:
        up += 2 * micro * e * float(stage.share(*stage.totals(False), 3))
    if "optimizer" in ask["offload"]:
        gradients = float(stage.share(*stage.totals(True), 2)) * gradient * (micro if clock.l["zero"] >= 2 else 1)
        after = (gradients, 0 if "parameters" in ask["offload"] else e * owned)
        on_node = min(8, gpus)
        return down, up, after, owned * on_node / (1e10 / 2.57)  # ZeRO-Offload's CPU Adam, arXiv 2101.06840 table 4
    # fp32 master and moments read and written; the gradient read three times and written once, the weight written
    bytes_each = (16 if e == 4 else 24) + gradient + e + 3 * gradient
    return down, up, after, bytes_each * owned / (RATE * SHARE) + LAUNCH


def differences(row, rank):
    for name, want in expected(Clock(rank, rank.l), Stage(rank, 0), row).items():
        got = row["step"][name]
        if abs(got - want) > TOLERANCE * max(abs(want), 1e-9):
            yield f"{name}: {got} by the program, {want} here"


def check(program, dice, folder, number):
    keys = drawn_model(dice)
    keys.get("experts", {}).pop("dense_layers", None)  # one kind of layer: the program states the traffic of one
    keys["layers"] = max(2, keys["layers"])
    path = write_model(keys, folder, number)
    ask = drawn_question(dice, keys)
    ask |= {"pp": 1, "virtual": 1, "schedule": "1f1b", "cluster": write_cluster(folder)}
    checked = 0

    def wrong_with(row):
        if not row["step"]:
            return None
        layout = dict(row["layout"], strategy=row["strategy"])
        return differences(row, Rank(Model(keys), ask, layout, row["padded_seq_len"]))

    for strategy in [s for s in STRATEGIES if s != "fpdt"]:
        ask["seq"] = dice.randint(2, 64) * 512
        checked += count_equal(program, keys, ["--model", path, *words_of(ask, strategy, ask["seq"])], wrong_with)
    return checked


if __name__ == "__main__":
    run_cases("steps", 25, check)
