#!/usr/bin/env python3
"""serving.py ITHACA [--seed S] [--cases C]: inference against a second count of its memory and its kernels.

Prompts and single tokens of random models, split every way, on the GPU of kernels.py: what a GPU holds at a layer's
attention and at its FFN, its KV cache, the weights and the cache that a token reads, and each kernel of both phases.
The seed is printed. Exit 1 at the first difference.
"""
import math
from fractions import Fraction

from clock import useful_flops
from kernels import ATTENTION_LAUNCH, LAUNCH, PEAK, RATE, SHARE, Clock, write_cluster
from ledger import differences_of
from questions import count_equal, run_cases, write_model
from rank import Model, Rank
from stage import Stage
from training import drawn_model

STRATEGIES = ["ulysses", "megatron_sp", "ring", "usp", "tensor_parallel", "cp_all_gather"]
ASK = {"lora": (0, "all"), "flash": True, "dropout": False, "megatron": False, "fp32_gradients": False, "offload": [],
       "recompute": "none", "every": 1, "cluster": "dgx-h100", "schedule": "1f1b"}
TOLERANCE = 1e-9


class Server:
    """A rank in one phase, its tokens as rows."""

    def __init__(self, model, ask, layout, phase):
        tokens, micro = ask["seq"], ask["batch"] // layout["dp"]
        decodes = phase == "decode"
        if decodes:  # a token of each sequence
            tokens, micro = micro, 1
        multiple = layout["ulysses"] * layout["ring"]
        if not decodes:
            multiple *= layout["tp"] if layout["strategy"] != "tensor_parallel" else 1
            multiple *= 2 if layout["ring"] > 1 else 1  # zigzag
        padded = -(-tokens // multiple) * multiple
        self.m, self.ask, self.l, self.decodes = model, dict(ask, micro=micro), layout, decodes
        self.r = Rank(model, self.ask, layout, padded)
        if decodes:  # too few rows to split them over tp
            self.r.sequence_parallel, self.r.stream = False, self.r.rows
        self.clock, self.stage = Clock(self.r, layout), Stage(self.r, 0)
        self.weight = 1 if ask["dtype"] == "fp8" else self.r.e

    # ---- memory

    def cache(self, tokens, layers):
        """Bytes of the keys and values of so many tokens a sequence."""
        m, sequences = self.m, self.ask["batch"] // self.l["dp"]
        width = m.latent["kv_rank"] + m.rope if m.latent else self.r.k * (m.head_dim + m.value)
        element = 1 if self.ask["kv_dtype"] == "fp8" else self.r.e
        return element * width * self.kept(tokens) * sequences * layers

    def kept(self, tokens):
        """Of a sequence on a rank, on average over the layers."""
        m, held = self.m, math.ceil(Fraction(tokens) / self.l["ring"])
        if m.window == 0:
            return held
        return Fraction(m.full_layers * held + (m.layers - m.full_layers) * min(held, m.window), m.layers)

    def fixed(self):
        stage, shared, experts = self.stage, 0, 0
        for moe in stage.layers:
            shared, experts = (a + b for a, b in zip((shared, experts), self.r.layer_weights(moe)))
        ends = stage.share(sum(stage.end_weights()), 0, 3)
        terms = {"weights": self.weight * stage.share(shared, experts, 3) + self.r.e * ends,
                 "kv_cache": self.cache(self.ask["seq"] + self.ask["output"], self.m.layers)} | stage.workspaces()
        if self.decodes:
            terms.pop("rotary_table", None)
        return terms

    def moving(self, op):
        r, m, e, l = self.r, self.m, self.r.e, self.l
        terms = {"hidden_states": 2 * e * r.stream * m.hidden}
        if l["tp"] > 1:
            terms["gathered_activation"] = e * r.rows * m.hidden
        terms |= self.at_attention() if op == "attention" else {"layer_workspace": e * self.ffn_elements()}
        if l["zero"] == 3 and self.stage.replicas > 1:
            terms["gathered_parameters"] = 2 * self.weight * sum(r.layer_weights(self.stage.moe))
        rows = r.rows if self.decodes else self.ask["micro"]
        return terms | {"logits": (e + 4) * rows * -(-m.vocab // l["tp"])}

    def ffn_elements(self):
        r, m, tp, moe = self.r, self.m, self.l["tp"], self.stage.moe
        copies = 3 if m.gated_ffn else 2
        dense = copies * r.rows * (-(-m.experts.get("shared_ffn", 0) // tp) if moe else m.ffn // tp)
        if not moe:
            return dense
        return max(dense, r.routed * r.experts * (2 * m.hidden + copies * -(-m.experts["ffn"] // tp)))

    def at_attention(self):
        r, m, e, l = self.r, self.m, self.r.e, self.l
        query, key_value = r.block * r.q * m.head_dim, r.block * r.k * (m.head_dim + m.value)
        terms = {"layer_workspace": e * (query + key_value + r.block * r.q * m.value)}
        if l["ulysses"] > 1:
            terms["all_to_all_buffers"] = e * r.rows * (r.heads * m.head_dim + r.keys * (m.head_dim + m.value))
        if l["ring"] > 1 and l["strategy"] == "cp_all_gather":
            terms["gathered_keys_values"] = e * l["ring"] * key_value
        elif l["ring"] > 1:
            terms["ring_buffers"] = 2 * e * key_value + 4 * r.block * r.q * m.value
        return terms

    def peak(self):
        ledgers = []
        for op in ("attention", "ffn"):
            moving = {name: math.ceil(size) for name, size in self.moving(op).items()}
            moving["fragmentation"] = sum(moving.values()) * (Fraction(100, 94) - 1)
            terms = {name: math.ceil(size) for name, size in (self.fixed() | moving).items() if size > 0}
            ledgers.append({"operator": op, "terms": terms})
        return max(ledgers, key=lambda ledger: sum(ledger["terms"].values()))  # the first of equals

    # ---- time

    def reached(self):
        """Share of a rank's experts that its tokens reach, as if each chose evenly."""
        x, tokens = self.m.experts, self.r.rows * self.l["ep"]
        return 1 - (1 - x["top_k"] / x["count"]) ** tokens

    def matrices(self, moe):
        m = self.m
        attention = 2 + ((3 if m.latent.get("query_rank") else 2) if m.latent else 0)
        return attention + (3 + (2 if m.experts.get("shared_ffn") else 0) if moe else 2)

    def read(self, share, kernels):
        return kernels * LAUNCH + share / (RATE * SHARE)

    def layer(self, moe):
        """Seconds of its kernels, bytes of weights and cache that they read."""
        share = self.reached() if moe and self.decodes else 1
        if share < 1:
            self.narrow(share)
        shared, experts = self.r.layer_weights(moe)
        if share < 1:
            experts = experts / self.r.experts * self.all_experts * share
        weights = self.weight * (shared + experts)
        gemm = max(self.clock.products(moe, False), self.read(weights, self.matrices(moe)))
        if not self.decodes:
            streaming = self.clock.stream_kernels(*self.clock.streamed(moe, False))
            return {"gemm": gemm, "attention": self.clock.attention(False)[0], "memory_bound": streaming}, weights
        moved, _ = self.clock.streamed(moe, False)
        streaming = self.clock.stream_kernels(moved, 5 + 3 * moe + (4 if self.l["ulysses"] > 1 else 0))
        attention, cache = self.cache_attention()
        return {"gemm": gemm, "attention": attention, "memory_bound": streaming}, weights + cache

    def narrow(self, share):
        """Of the experts, those that are reached; the same copies of tokens go to them."""
        x, r = self.m.experts, self.r
        self.all_experts = r.experts
        copies = r.rows * self.l["ep"] * x["top_k"] / x["count"] * r.experts
        r.experts = max(1, math.ceil(share * r.experts - 1e-9))
        r.routed = math.ceil(copies / r.experts)

    def cache_attention(self):
        """Half of the answer stands in the cache on average; keys by parts and their sum, for each set of queries."""
        m, r, ring = self.m, self.r, self.l["ring"]
        context = self.ask["seq"] + Fraction(self.ask["output"], 2)
        density = m.attention_density
        tokens = float(self.kept(context)) * (self.ask["batch"] // self.l["dp"]) * density
        query = m.latent["kv_rank"] + m.rope if m.latent else m.head_dim
        result = m.latent["kv_rank"] if m.latent else m.value
        sets = 1 if self.l["strategy"] == "cp_all_gather" else ring
        bytes_read = float(self.cache(context, 1)) * density
        flops = 2 * (query + result) * tokens * r.q
        return 2 * sets * ATTENTION_LAUNCH + max(bytes_read / (RATE * SHARE), flops / PEAK[self.clock.half]), bytes_read

    def run(self):
        r, m, e = self.r, self.m, self.r.e
        rows, vocab = (r.rows if self.decodes else self.ask["micro"]), -(-m.vocab // self.l["tp"])
        head = e * vocab * m.hidden
        parts = {"gemm": max(self.clock.gemm(rows, vocab, m.hidden, 1, self.clock.half), self.read(head, 1)),
                 "attention": 0, "memory_bound": self.read(2 * e * r.stream * m.hidden, 1)}
        kernels, read = self.layer(self.stage.moe)
        for part, seconds in kernels.items():
            parts[part] += m.layers * seconds
        want = {f"{part}_s": seconds for part, seconds in parts.items()} | {"compute_s": sum(parts.values())}
        if self.decodes:
            want["read_bytes"] = m.layers * read + head
        return want


    def ring_bytes(self):
        """Message and what is sent: of single tokens' queries to the ranks that keep their keys, of results home."""
        m, r, ring = self.m, self.r, self.l["ring"]
        query = m.latent["kv_rank"] + m.rope if m.latent else m.head_dim
        result = m.latent["kv_rank"] if m.latent else m.value
        queries = r.e * r.block * r.q * query
        results = (r.e * result + 4) * r.block * r.q  # with the logarithm of a sum of exponentials
        gathered = ring * queries if self.l["strategy"] == "cp_all_gather" else queries
        return {"queries": (gathered, (ring - 1) * queries), "attention_output": (ring * results, (ring - 1) * results)}


def drawn_question(dice):
    return ASK | {"seq": dice.randint(1, 40) * 512, "batch": dice.choice([1, 2, 4, 8, 24]),
                  "output": dice.choice([1, 7, 1000]), "kv_dtype": dice.choice(["same", "fp8"]),
                  "dtype": dice.choice(["bf16", "bf16", "fp16", "fp8"]), "zero": dice.choice([0, 0, 3]),
                  "tp": dice.choice([1, 1, 2]), "dp": dice.choice([1, 1, 2]), "split": dice.choice([1, 2, 4, 8])}


def words_of(ask, strategy, phase, cluster):
    split = 1 if strategy in ("megatron_sp", "tensor_parallel") else ask["split"]
    gpus = ask["tp"] * ask["dp"] * split
    words = ["--cluster", cluster, "--gpus", gpus, "--seq", ask["seq"], "--strategies", strategy, "--phase", phase,
             "--batch", ask["batch"], "--output-tokens", ask["output"], "--kv-dtype", ask["kv_dtype"], "--dtype",
             ask["dtype"], "--zero", ask["zero"], "--tp", ask["tp"], "--dp", ask["dp"]]
    return [str(word) for word in words]


def wrong_with(row, keys, ask):
    """Differences in both phases' kernels and in the memory of the row's own."""
    layout, model = dict(row["layout"], strategy=row["strategy"], virtual_pp=1), Model(keys)
    for phase in ("prefill", "decode"):
        if row[phase]:
            for name, want in Server(model, ask, layout, phase).run().items():
                if abs(row[phase][name] - want) > TOLERANCE * want:
                    yield f"{phase} {name}: {row[phase][name]} by the program, {want} here"
    server = Server(model, ask, layout, row["phase"])
    if server.decodes and layout["ring"] > 1:
        for call in row["layer"]["forward"]["collectives"] if layout["ulysses"] == layout["tp"] == 1 else []:
            got, want = (call["message_bytes"], call["sent_bytes"]), server.ring_bytes().get(call["tensor"])
            if call["group"] == layout["ring"] and got != want:
                yield f"{call['tensor']}: {got} by the program, {want} here"
    peak = server.peak()
    yield from differences_of({t["name"]: t["bytes"] for t in row["memory"]["terms"]}, peak["terms"])
    if row["memory"]["operator"] != peak["operator"]:
        yield f"the peak: {row['memory']['operator']} by the program, {peak['operator']} here"
    useful = useful_flops(model, ask | {"global": ask["batch"], "micro": 1}, ask["seq"]) / 3
    useful -= 2 * ask["batch"] * (ask["seq"] - 1) * model.hidden * model.vocab  # the last token alone is read
    if row["prefill"] and abs(row["prefill"]["model_flops"] - useful) > TOLERANCE * useful:
        yield f"model_flops: {row['prefill']['model_flops']} by the program, {useful} here"


def check(program, dice, folder, number):
    keys = drawn_model(dice)
    keys.get("experts", {}).pop("dense_layers", None)
    path, ask, checked = write_model(keys, folder, number), drawn_question(dice), 0
    cluster = write_cluster(folder)

    def differences(row):
        return wrong_with(row, keys, ask) if row["memory"] else None

    for strategy in STRATEGIES:
        for phase in ("prefill", "decode"):
            words = ["--model", path, *words_of(ask, strategy, phase, cluster)]
            checked += count_equal(program, keys, words, differences)
    return checked


if __name__ == "__main__":
    run_cases("answers", 20, check)
