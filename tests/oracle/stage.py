"""What a stage of a pipeline has at every moment of a step, as terms in bytes."""
import math
from fractions import Fraction

from rank import up

MIB = 2**20
CLUSTERS = {"dgx-h100": 90, "aws-p6-b200": 100, "dgx-a100": 80}  # architecture of the GPU


class Stage:
    """Everything that one stage of the pipeline has at a moment."""

    def __init__(self, rank, index):
        self.r, self.m, self.ask, self.l, self.index = rank, rank.m, rank.ask, rank.l, index
        pp, virtual = self.l["pp"], self.l["virtual_pp"]
        chunks, owner = pp * virtual, []
        for chunk in range(chunks):
            owner += [chunk % pp] * (self.m.layers // chunks + (chunk < self.m.layers % chunks))
        self.layers = [self.m.is_moe(i) for i, stage in enumerate(owner) if stage == index]
        self.moe = any(self.layers)  # the kind whose backward is looked at
        self.first, self.last = index == 0, index == pp - 1
        self.replicas = self.l["dp"] * self.l["ulysses"] * self.l["ring"]

    # ---- weights

    def end_weights(self):
        """Of embedding and head where the stage has them."""
        m, words = self.m, Fraction(self.m.vocab * self.m.hidden, self.l["tp"])
        embedding = words + m.learned_positions * m.hidden
        head = m.norm_weights + (0 if m.tied_embeddings and self.l["pp"] == 1 else words)
        return embedding * self.first, head * self.last

    def share(self, shared, experts, from_stage):
        shards = self.replicas if self.l["zero"] >= from_stage else 1
        return Fraction(shared) / shards + Fraction(experts) / max(1, Fraction(shards, self.l["ep"]))

    def totals(self, trained):
        lora = self.ask["lora"][0]
        shared, experts = (0 if lora and trained else sum(self.end_weights())), 0
        for moe in self.layers:
            if not (lora and trained):
                shared, experts = (a + b for a, b in zip((shared, experts), self.r.layer_weights(moe)))
            if lora:
                shared, experts = (a + b for a, b in zip((shared, experts), self.r.adapters(moe)))
        return shared, experts

    def frozen(self):
        shared = experts = 0
        for moe in self.layers:
            shared, experts = (a + b for a, b in zip((shared, experts), self.r.layer_weights(moe)))
        return shared, experts

    def states(self):
        e, lora = self.r.e, self.ask["lora"][0]
        gradient = 4 if self.ask["fp32_gradients"] else e
        weights = e * self.share(*self.totals(False), 3)
        if lora and self.ask["dtype"] == "fp8" and CLUSTERS[self.ask["cluster"]] >= 100:
            weights -= self.share(*self.frozen(), 3)  # one byte each instead of two
        owned = self.share(*self.totals(True), 1)
        here, host = {}, {}
        off = self.ask["offload"]
        (host if "parameters" in off else here)["weights"] = weights
        (host if "optimizer" in off and self.l["zero"] >= 2 else here)["gradients"] = (
            gradient * self.share(*self.totals(True), 2))
        (host if "optimizer" in off else here)["optimizer_states"] = (8 if self.ask["dtype"] == "fp32" else 12) * owned
        return here, host

    def placeholders(self):
        """Transformer Engine keeps one gradient for every shape that a weight has; Q, K and V are one matrix, as are
        gate and up."""
        r, m = self.r, self.m
        shapes = set()
        for moe in set(self.layers):
            every = list(r.attention())
            if m.latent:
                shapes |= {(x.inward, x.outward) for x in every}
            else:
                shapes |= {(m.hidden, sum(x.outward for x in every[:3])), (every[3].inward, m.hidden)}
            widths = [m.experts.get("shared_ffn", 0), m.experts["ffn"]] if moe else [m.ffn]
            for width in (up(whole, self.l["tp"]) for whole in widths if whole):
                shapes |= {(m.hidden, (2 if m.gated_ffn else 1) * width), (width, m.hidden)}
        if self.last:
            shapes.add((m.hidden, up(m.vocab, self.l["tp"])))
        return r.e * sum(a * b for a, b in shapes)

    def workspaces(self):
        l, arch = self.l, CLUSTERS[self.ask["cluster"]]
        groups = [l["tp"], l["ulysses"], l["ring"], self.replicas, l["ep"], l["pp"]]
        terms = {"cuda_context": 512 * MIB, "nccl_buffers": 128 * MIB * sum(size > 1 for size in groups),
                 "cublas_workspace": 32 * MIB}
        if self.ask["megatron"]:
            if self.moe:
                terms["cublas_workspace"] += 4 * 32 * MIB  # one more for each stream of grouped products
            if self.last or self.moe:  # PyTorch's own, twice
                terms["cublas_workspace"] += 2 * (32 * MIB if arch == 90 else 2 * 4 * MIB + 16 * 8 * 1024)
            if not self.ask["lora"][0]:
                terms["placeholder_gradients"] = self.placeholders()
        if not self.m.learned_positions:
            terms["rotary_table"] = 4 * (self.r.rows // self.ask["micro"]) * (self.m.rope or self.m.head_dim)
        return terms

    # ---- activations

    def in_flight(self):
        batches = Fraction(self.ask["global"], self.ask["micro"] * self.l["dp"])
        if self.ask["schedule"] == "gpipe":
            return batches
        after, virtual, pp = self.l["pp"] - 1 - self.index, self.l["virtual_pp"], self.l["pp"]
        if virtual == 1:
            return min(batches, after + 1)
        return min(batches, Fraction(2 * after + (virtual - 1) * pp + 1, virtual))

    def tiles(self):
        return math.ceil(Fraction(self.r.rows, self.m.hidden)) if self.ask["tiled_mlp"] else 1

    def recomputes(self):
        return self.ask["recompute"] == "full"

    def ffn_at_once(self):
        whole, stream = self.r.kept(self.moe)["ffn"], self.r.e * self.r.stream * self.m.hidden
        if self.recomputes() and self.ask["tiled_mlp"]:
            return stream + Fraction(whole - stream) / self.tiles()
        return Fraction(whole)

    def let_go(self, op):
        """What the backward of the FFN has freed before the attention's."""
        return self.ffn_at_once() + Fraction(self.r.kept(self.moe)["norms"], 2) if op == "attention" else 0

    def kept(self, freed):
        total, stream = Fraction(0), self.r.e * self.r.stream * self.m.hidden
        for moe in self.layers:
            parts = self.r.kept(moe)
            whole = sum(parts.values())
            if self.recomputes():
                every = self.ask["every"]
                total += Fraction(stream, every) + whole * (1 - Fraction(1, every))
            elif self.ask["recompute"] == "selective" and not self.ask["flash"]:
                total += whole - parts["core"]
            else:
                total += whole
        total *= self.in_flight()
        return total if self.recomputes() else max(Fraction(0), total - freed)

    def carried(self, freed):
        """Activations of earlier micro-batches and layers; what of them is on the host; a gradient on its way."""
        r, name = self.r, "checkpoints" if self.recomputes() else "activations"
        here, host = {}, {}
        if "checkpoints" in self.ask["offload"]:
            host[name] = self.kept(freed)
            here["checkpoints_in_transit"] = 2 * r.e * r.stream * self.m.hidden
        else:
            here[name] = self.kept(freed)
        if self.index > 0:
            here["sent_gradient"] = r.e * r.stream * self.m.hidden
        return here, host

    def gathered(self):
        """ZeRO-3 and fetched weights: this layer's and the next one's."""
        r, terms = self.r, {}
        lora = self.ask["lora"][0]
        adapters = sum(r.adapters(self.moe)) if lora else 0
        weights = sum(r.layer_weights(self.moe))
        if (self.l["zero"] == 3 and self.replicas > 1) or "parameters" in self.ask["offload"]:
            terms["gathered_parameters"] = 2 * r.e * (weights + adapters)
        if self.l["zero"] >= 2 and (self.replicas > 1 or "optimizer" in self.ask["offload"]):
            gradient = 4 if self.ask["fp32_gradients"] else r.e
            terms["unreduced_gradients"] = gradient * (adapters if lora else weights)
        return terms

    def backward(self, op):
        r, m, e = self.r, self.m, self.r.e
        parts = r.kept(self.moe)
        chunks = self.ask["chunks"] if self.l["strategy"] == "fpdt" else 1
        terms, host = self.carried(self.let_go(op))
        if self.recomputes():
            live = Fraction(parts["attention"], chunks) + parts["core"] + parts["norms"] + self.ffn_at_once()
            terms["recomputed_layer"] = max(0, live - self.let_go(op))
        elif self.ask["recompute"] == "selective" and not self.ask["flash"]:
            terms["recomputed_core"] = parts["core"]
        terms["residual_gradients"] = (2 if self.recomputes() else 1) * e * r.stream * m.hidden
        if op == "attention":
            terms |= self.attention_backward(chunks)
        else:
            terms |= self.ffn_backward()
        return terms | self.gathered(), host

    def attention_backward(self, chunks):
        r, m, e = self.r, self.m, self.r.e
        query, key_value = r.block * r.q * m.head_dim, r.block * r.k * (m.head_dim + m.value)
        work = e * (2 * query + key_value)
        if self.ask["flash"]:
            work += 4 * query + (2 * e * query if r.k < r.q else 0)
        terms = {"gradient_workspace": Fraction(work, chunks)}
        if self.l["ulysses"] > 1:
            wide = max(m.head_dim, m.value)
            terms["all_to_all_buffers"] = Fraction(
                e * wide * (r.rows * max(r.heads, r.key_copies) + r.block * max(r.q, r.k)), chunks)
        if chunks > 1:
            terms["chunks"] = Fraction(2 * e * key_value, chunks)
        if self.l["ring"] > 1:
            if self.l["strategy"] == "cp_all_gather":
                terms["gathered_keys_values"] = 2 * e * self.l["ring"] * key_value
            else:
                gradient = e if self.ask["ring_grad"] == "half" else 4
                terms["ring_buffers"] = 2 * (e + gradient) * key_value + 4 * query
        return terms

    def ffn_backward(self):
        r, m, e, tp = self.r, self.m, self.r.e, self.l["tp"]
        if self.moe:
            stream = r.stream * m.hidden * (2 if self.l["pp"] > 1 else 1)
            terms = {"gradient_workspace": e * (4 * r.routed * r.experts * m.hidden + stream)}
        else:
            width = (2 if m.gated_ffn else 1) * (m.ffn // tp)
            terms = {"gradient_workspace": Fraction(e * r.rows * width, self.tiles())}
        if tp > 1:
            terms["gathered_activation"] = 2 * e * r.rows * m.hidden
        return terms

    def loss(self):
        r, m, e, tp = self.r, self.m, self.r.e, self.l["tp"]
        terms, host = self.carried(0)
        tensor = self.l["strategy"] in ("megatron_sp", "tensor_parallel")
        logit = e if self.ask["fused_loss"] else e + (8 if self.ask["megatron"] or tensor else 12)
        whole = logit * r.rows * up(m.vocab, tp)
        terms["logits"] = min(whole, Fraction(1024 * MIB * logit, 4)) if self.ask["tiled_loss"] else whole
        terms["head_activations"] = 3 * e * r.stream * m.hidden
        if tp > 1 and r.sequence_parallel:
            terms["gathered_activation"] = 2 * e * r.rows * m.hidden
        if self.l["zero"] == 3 and self.replicas > 1:
            terms["gathered_head"] = e * up(m.vocab, tp) * m.hidden
        return terms, host

    def update(self):
        half = not self.ask["fp32_gradients"] and self.r.e < 4
        if not half or "optimizer" in self.ask["offload"]:
            return {}, {}
        owned = self.share(*self.totals(True), 1)
        return {"fp32_gradients": 4 * (min(owned, 10**9) if self.l["zero"] == 3 else owned)}, {}

    def moments(self):
        widest = "experts" if self.moe else "ffn"
        yield "backward", widest, self.backward(widest)
        yield "backward", "attention", self.backward("attention")
        if self.last:
            yield "loss", "head", self.loss()
        yield "optimizer", "update", self.update()

    def ledgers(self):
        fixed, host_states = self.states()
        fixed |= self.workspaces()
        for moment, op, (moving, host) in self.moments():
            moving = {name: math.ceil(size) for name, size in moving.items()}
            moving["fragmentation"] = sum(moving.values()) * (Fraction(100, 94) - 1)
            terms = {name: math.ceil(size) for name, size in (fixed | moving).items() if size > 0}
            yield {"stage": self.index, "moment": moment, "operator": op, "terms": terms,
                   "host": {name: math.ceil(size) for name, size in (host_states | host).items() if size > 0}}
