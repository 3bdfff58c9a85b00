"""A GPU whose kernels reach their rooflines, and launch in a time of their own; its kernels in a layer of a rank."""
import os

RATE, SHARE, LAUNCH, ATTENTION_LAUNCH, HOST_LINK = 2e12, 0.8, 4e-6, 7e-6, 20e9
PEAK = {"bf16": 5e14, "fp16": 5e14, "fp32": 1e14, "fp8": 9e14}
AT_ONCE = "1e6PFLOPS"
POINT = f"[{{head_dim: 64, rate: {AT_ONCE}, start_up: 0}}]"
PASS = f"{{full: {POINT}, causal: {POINT}}}"
TILES = ("{tiles: {" + ", ".join(f"{tile}: {AT_ONCE}" for tile in ("256x128", "128x128", "128x64", "64x64")) +
         "}, wave: 0s, split: 0s, batched: 1}")

FILES = {
    "kernels.yaml": f"""schema: kernels/1
name: roofline-kernels
gpu: roofline
made_by: clock.py
source: kernels that their rooflines alone bound
split: nothing was fitted
gemm:
  mark: extrapolated
  launch: {LAUNCH}s
  half: {TILES}
  fp32: {TILES}
attention:
  - kernel: fa2
    mark: extrapolated
    launch: {ATTENTION_LAUNCH}s
    forward: {PASS}
    backward: {PASS}
""",
    "gpu.yaml": f"""schema: gpu/1
name: roofline
description: a GPU for counting
sources: {{made: made up}}
arch: 90
sms: {{value: 100, from: made}}
memory: {{value: 80GiB, from: made}}
memory_rate: {{value: {RATE / 1e12}TBps, from: made}}
memory_efficiency: {{value: {SHARE}, from: made}}
peak:
""" + "".join(f"  {name}: {{value: {rate / 1e12}TFLOPS, from: made}}\n" for name, rate in PEAK.items()) + f"""
host_link: {{value: {HOST_LINK / 1e9}GBps, from: made}}
kernels: ./kernels.yaml
""",
    "cluster.yaml": """schema: cluster/1
name: counting
description: servers of 8 for counting
gpu: ./gpu.yaml
sources: {made: made up}
scale_up: {kind: switched, gpus: 8, peak: {value: 20GBps, from: made}, achieved: {value: 15GBps, from: made},
           achieved_all_to_all: {value: 14GBps, from: made}}
domains:
  - {uplink: nics, gpus: 8, ports: 8, peak: {value: 100GBps, from: made}, achieved: {value: 90GBps, from: made},
     achieved_all_to_all: {value: 85GBps, from: made}}
cpu: intel
host_memory: {value: 64TB, from: made}
nic_latency: {value: 1us, from: made}
price_per_gpu_hour: {value: 1USD, from: made}
price_date: 2026
""",
}


def write_cluster(folder):
    """The path of a cluster of such GPUs."""
    for name, text in FILES.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    return os.path.join(folder, "cluster.yaml")


class Clock:
    """Kernels of a rank, a layer at a time."""

    def __init__(self, rank, layout):
        self.r, self.m, self.ask, self.l = rank, rank.m, rank.ask, layout
        self.half = "bf16" if self.ask["dtype"] == "fp8" else self.ask["dtype"]
        self.stream = rank.stream * self.m.hidden
        self.lora, self.at = self.ask["lora"]

    # ---- single kernels

    def gemm(self, m, n, k, batch=1, dtype=None):
        dtype = dtype or self.ask["dtype"]
        element = 4 if dtype == "fp32" else 2
        operand = 1 if dtype == "fp8" else element
        if min(m, n, k, batch) == 0:
            return 0
        moved = batch * (operand * (m * k + k * n) + element * m * n)
        return max(LAUNCH + moved / RATE, 2 * batch * m * n * k / PEAK[dtype])

    def stream_kernels(self, moved, kernels):
        return kernels * LAUNCH + moved / (RATE * SHARE) if moved else 0

    def flash(self, queries, keys, causal, backward):
        r, m, e, batch = self.r, self.m, self.r.e, self.ask["micro"]
        seen = queries * keys / 2 if causal else queries * keys
        width = m.head_dim + m.value
        flops = (5 if backward else 2) * batch * r.q * width * seen
        tensors = e * batch * width * (queries * r.q + keys * r.k)
        sums = 4 * batch * r.q * queries
        moved = 2 * (tensors + sums) if backward else tensors + sums
        return max(ATTENTION_LAUNCH + moved / (RATE * SHARE), flops / PEAK[self.half])

    def eager(self, queries, keys, backward):
        m, heads = self.m, self.ask["micro"] * self.r.q

        def product(rows, columns, inner):
            return self.gemm(rows, columns, inner, heads, self.half)

        touched = 5 if backward else 4
        passes = LAUNCH + touched * self.r.e * heads * queries * keys / (RATE * SHARE)
        if not backward:
            return product(queries, keys, m.head_dim) + product(queries, m.value, keys) + passes
        scores, values = product(queries, keys, m.value), product(keys, m.value, queries)
        return scores + values + product(queries, m.head_dim, keys) + product(keys, m.head_dim, queries) + passes

    # ---- attention

    def attention(self, backward):
        """All calls of the slowest rank, and one of a block that came round the ring; of a sparse mask its share."""
        share = self.m.mask_share(self.ask["seq"])
        whole, hop = self.unmasked(backward)
        return share * whole, share * hop

    def unmasked(self, backward):
        ring, block = self.l["ring"], self.r.seq // self.l["ring"]

        def call(keys, causal):
            flash = self.ask["flash"]
            return self.flash(block, keys, causal, backward) if flash else self.eager(block, keys, backward)

        if self.l["strategy"] == "cp_all_gather" and ring > 1:
            return call(self.r.seq // 2, False), 0  # zigzag: half of all keys on average
        hop = call(block // 2, False) if ring > 1 else 0
        return call(block, True) + (ring - 1) * hop, hop

    # ---- products

    def matrices(self, moe):
        """Rows, outputs, inputs, copies: Q, K and V together, gate and up together."""
        r, m = self.r, self.m
        every = list(r.attention())
        if m.latent:
            yield from ((x.rows, x.outward, x.inward, 1) for x in every)
        else:
            yield r.rows, sum(x.outward for x in every[:3]), m.hidden, 1
            yield r.rows, m.hidden, every[3].inward, 1
        if moe:
            yield r.stream, m.experts["count"], m.hidden, 1
        for group in (list(r.shared(moe))[len(every):], list(r.routed_matrices()) if moe else []):
            if group:
                yield group[0].rows, sum(x.outward for x in group[:-1]), m.hidden, group[0].copies
                yield group[0].rows, m.hidden, group[-1].inward, group[0].copies

    def adapted(self, moe):
        every = [*self.r.shared(moe), *(self.r.routed_matrices() if moe else [])]
        return [x for x in every if self.lora and self.at in ("all", x.of)]

    def both_gradients(self, m, n, k, batch=1, dtype=None):
        return self.gemm(m, k, n, batch, dtype) + self.gemm(k, n, m, batch, dtype)

    def products(self, moe, backward):
        total = 0
        for rows, outward, inward, copies in self.matrices(moe):
            if not backward:
                total += self.gemm(rows, outward, inward, copies)
            elif self.lora:
                total += self.gemm(rows, inward, outward, copies)
            else:
                total += self.both_gradients(rows, outward, inward, copies)
        for x in self.adapted(moe):
            time = self.both_gradients if backward else self.gemm
            total += time(x.rows, self.lora, x.inward, x.copies, self.half)
            total += time(x.rows, x.outward, self.lora, x.copies, self.half)
        return total

    # ---- what streams through memory

    def streamed(self, moe, backward):
        """Bytes, and the kernels that they pass in."""
        r, m, e = self.r, self.m, self.r.e
        tp = self.l["tp"]
        width = m.experts.get("shared_ffn", 0) if moe else m.ffn
        inner = r.rows * (-(-width // tp))
        routed = r.routed * r.experts if moe else 0
        query_key = r.rows * (r.heads + r.keys) * m.head_dim
        elements = 2 * 2 * self.stream + 2 * 3 * self.stream  # two norms, two additions
        inner += routed * (-(-m.experts["ffn"] // tp)) if moe else 0
        elements += (3 if m.gated_ffn else 2) * inner + 4 * routed * m.hidden
        elements += 0 if m.learned_positions else 2 * query_key
        elements += 2 * query_key if m.qk_norm or m.latent else 0
        moved = e * elements + (2 * self.stream if self.ask["dropout"] else 0)
        if self.ask["dtype"] == "fp8":
            moved += 4 * (r.rows * (2 * m.hidden + r.heads * m.value) + inner + routed * m.hidden)
        moved *= 2 if backward else 1
        moved += 3 * e * sum(x.rows * x.copies * (x.inward if backward else x.outward) for x in self.adapted(moe))
        kernels = 6 + 8 * moe + (0 if m.learned_positions else 2) + (6 if self.ask["dropout"] else 0)
        kernels += (0 if self.ask["flash"] else 8) + len(self.adapted(moe))
        if self.l["ulysses"] > 1:
            packed = r.rows * (r.heads + r.key_copies) + r.block * (r.q + r.k)
            moved += 2 * e * (m.head_dim + m.value) * packed
            kernels += 4
        if self.l["strategy"] not in ("cp_all_gather", "ring_self_attention"):
            query, key = r.block * r.q * m.head_dim, r.block * r.k * (m.head_dim + m.value)
            each = (e + 8) * (query + key) if backward else (e + 32) * r.block * r.q * m.value
            moved += (self.l["ring"] - 1) * each
        return moved, kernels

    def accumulation(self, weights):
        """The sum of gradients read and written, and the new one read."""
        return (8 if self.ask["fp32_gradients"] else 3 * self.r.e) * float(weights) / (RATE * SHARE)

    def layer(self, moe, backward):
        trained = sum(self.r.adapters(moe) if self.lora else self.r.layer_weights(moe))
        streaming = self.stream_kernels(*self.streamed(moe, backward)) + (self.accumulation(trained) if backward else 0)
        return {"gemm": self.products(moe, backward), "attention": self.attention(backward)[0],
                "memory_bound": streaming}

    def ends(self, stage):
        """Embedding, head and loss, both ways."""
        r, m, e, half = self.r, self.m, self.r.e, self.half
        passes = 1 if self.lora else 2
        vocab = -(-m.vocab // self.l["tp"])
        head = self.gemm(r.rows, vocab, m.hidden, 1, half) + self.gemm(r.rows, m.hidden, vocab, 1, half)
        logits = r.rows * vocab * (3 * e if self.ask["fused_loss"] else 2 * e + 12)
        streaming = self.stream_kernels(2 * passes * e * self.stream, passes) + self.stream_kernels(logits, 4)
        if not self.lora:
            head += self.gemm(m.hidden, vocab, r.rows, 1, half)
            streaming += self.accumulation(stage.end_weights()[1])
        return {"gemm": head, "attention": 0, "memory_bound": streaming}

    def executed(self, stage):
        """Floating-point operations of a replica's micro-batch."""
        r, m, ask = self.r, self.m, self.ask
        ranks = self.l["tp"] * self.l["ulysses"] * self.l["ring"]
        again = 1 / ask["every"] if ask["recompute"] == "full" else 0
        core_again = max(again, 1) if ask["recompute"] != "none" and not ask["flash"] else again
        total = 0
        for moe in stage.layers:
            base = sum(2 * a * b * c * d for a, b, c, d in self.matrices(moe)) * ranks
            adapters = ranks * sum(2 * x.rows * x.adapter(self.lora) for x in self.adapted(moe))
            total += (2 + again) * base + (3 + again) * adapters if self.lora else (3 + again) * base
            scores = ask["micro"] * m.heads * r.seq * r.seq * (0.5 if ask["flash"] else 1)
            scores *= m.mask_share(ask["seq"])
            total += 2 * scores * (m.head_dim + m.value) * (1 + core_again + (2.5 if ask["flash"] else 2))
        head = 2 * r.rows * (-(-m.vocab // self.l["tp"])) * m.hidden * ranks
        return total + head * (2 if self.lora else 3)
