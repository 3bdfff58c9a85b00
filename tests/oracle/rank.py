"""What the busiest rank of a layout holds: rows, heads, matrices, and what a layer keeps for its backward."""
import math
from fractions import Fraction

from exact import heads_of, kv_heads_of


def up(a, b):
    return -(-a // b)


class Model:
    """A model file's keys with their defaults."""

    def __init__(self, keys):
        self.__dict__.update({"gated_ffn": True, "norm": "rms", "tied_embeddings": False, "qkv_bias": False,
                              "output_bias": False, "ffn_bias": False, "qk_norm": False, "learned_positions": 0,
                              "window": 0, "full_layers": 0, "attention_density": 1,
                              "latent": {}, "experts": {}}, **keys)
        self.value = self.latent.get("value_dim", self.head_dim)
        self.rope = self.latent.get("rope_dim", 0)
        self.norm_weights = self.hidden * (2 if self.norm == "layer" else 1)
        self.dense_layers = self.experts.get("dense_layers", 0) if self.experts else self.layers

    def mask_share(self, seq):
        """Of the causal mask's area what windows and sparse blocks leave, on average over the layers."""
        if not 0 < self.window:
            return self.attention_density
        windowed = (self.window * seq - self.window**2 / 2) / (seq * seq / 2) if self.window < seq else 1
        return self.attention_density * (self.full_layers + (self.layers - self.full_layers) * windowed) / self.layers

    def is_moe(self, layer):
        return layer >= self.dense_layers


class Matrix:
    """in x out, `cut` along one of them by tensor parallelism; `rows` go through it on a rank."""

    def __init__(self, of, inward, outward, rows, copies=1, bias=0, adapted=True):
        self.of, self.inward, self.outward, self.rows, self.copies = of, inward, outward, rows, copies
        self.bias, self.adapted = bias, adapted

    def weights(self):
        return self.copies * (self.inward * self.outward + self.bias)

    def adapter(self, rank):
        return rank * self.copies * (self.inward + self.outward)


class Rank:
    """The busiest rank of a layout: rows, heads and matrices."""

    def __init__(self, model, ask, layout, seq):
        self.m, self.ask, self.l, self.seq = model, ask, layout, seq
        tp, u, r = layout["tp"], layout["ulysses"], layout["ring"]
        self.e = 4 if ask["dtype"] == "fp32" else 2
        self.rows = ask["micro"] * seq // (u * r)
        self.sequence_parallel = layout["strategy"] != "tensor_parallel"
        self.stream = self.rows // tp if self.sequence_parallel else self.rows
        self.block = ask["micro"] * (seq // r)
        self.heads = model.heads // tp
        self.keys = max(1, model.kv_heads // tp)
        spread = range(u)
        self.q = max(len(heads_of(i, u, self.heads)) for i in spread)
        keys = [len(kv_heads_of(i, u, self.heads, self.keys)) for i in spread]
        self.k, self.key_copies = max(keys), sum(keys)
        x = model.experts
        self.experts = up(x["count"], layout["ep"]) if x else 0
        self.routed = math.ceil(Fraction(self.rows * layout["ep"] * x["top_k"], x["count"])) if x else 0

    def attention(self):
        m, tp, rows = self.m, self.l["tp"], self.rows
        if m.latent:
            query, kv = m.latent.get("query_rank", 0), m.latent["kv_rank"]
            if query:
                yield Matrix("attention", m.hidden, query, rows, bias=query)  # with the latent's norm
            yield Matrix("attention", query or m.hidden, self.heads * m.head_dim, rows)
            yield Matrix("attention", m.hidden, kv + m.rope, rows, bias=kv)
            yield Matrix("attention", kv, self.heads * (m.head_dim - m.rope + m.value), rows)
        else:
            for width in (self.heads * m.head_dim, self.keys * m.head_dim, self.keys * m.value):
                yield Matrix("attention", m.hidden, width, rows, bias=width if m.qkv_bias else 0)
        yield Matrix("attention", self.heads * m.value, m.hidden, rows, bias=m.hidden if m.output_bias else 0)

    def ffn_of(self, width, rows, copies=1):
        m = self.m
        for _ in range(2 if m.gated_ffn else 1):
            yield Matrix("ffn", m.hidden, width, rows, copies, bias=width if m.ffn_bias else 0)
        yield Matrix("ffn", width, m.hidden, rows, copies, bias=m.hidden if m.ffn_bias else 0)

    def shared(self, moe):
        """Matrices that every token passes."""
        yield from self.attention()
        width = self.m.experts.get("shared_ffn", 0) if moe else self.m.ffn
        if width:
            yield from self.ffn_of(up(width, self.l["tp"]), self.rows)

    def routed_matrices(self):
        yield from self.ffn_of(up(self.m.experts["ffn"], self.l["tp"]), self.routed, self.experts)

    def layer_weights(self, moe):
        """Weights in a layer that all replicas share, and those of the experts."""
        m = self.m
        shared = sum(x.weights() for x in self.shared(moe)) + 2 * m.norm_weights + (2 * m.head_dim if m.qk_norm else 0)
        if not moe:
            return shared, 0
        return shared + m.hidden * m.experts["count"], sum(x.weights() for x in self.routed_matrices())

    def adapters(self, moe):
        rank, at = self.ask["lora"]
        shared, routed = self.shared(moe), self.routed_matrices() if moe else []
        return tuple(sum(x.adapter(rank) for x in every if at in ("all", x.of)) for every in (shared, routed))

    def between(self, moe, of):
        """Elements between the products of adapters."""
        rank, at = self.ask["lora"]
        if not rank or at not in ("all", of):
            return 0
        every = [*self.shared(moe), *(self.routed_matrices() if moe else [])]
        return sum(x.rows * x.copies * rank for x in every if x.of == of)

    def needs_input(self, of):
        """Whether weight gradients read the inputs of these matrices."""
        rank, at = self.ask["lora"]
        return not rank or at in ("all", of)

    # ---- what a layer keeps for its backward, in bytes

    def kept_attention(self, moe):
        m, e = self.m, self.e
        moved = self.q < self.heads
        tensors = [(self.block, self.q * m.head_dim + self.k * (m.head_dim + m.value), e)]
        if self.needs_input("attention"):
            tensors.append((self.stream, m.hidden, e))
        result = (self.rows, self.heads * m.value, e)  # of the output projection
        if self.needs_input("attention") or (self.ask["flash"] and not moved):
            tensors.append(result)
        if self.ask["flash"] and moved:  # the all-to-all makes a copy
            tensors.append((self.block, self.q * m.value, e))
        if m.qk_norm:
            tensors.append((self.rows, (self.heads + self.keys) * m.head_dim, e))
        if m.latent:
            narrow = m.latent.get("query_rank", 0) + m.latent["kv_rank"]
            tensors.append((self.rows, 2 * narrow + m.rope, e))
        if self.ask["dropout"]:
            tensors.append((self.stream, m.hidden, 1))
        return sum(a * b * c for a, b, c in tensors) + e * self.between(moe, "attention")

    def kept_core(self):
        if self.ask["flash"]:
            return self.block * self.q * 4
        scores = self.block * self.q * self.seq
        return scores * (2 * self.e + 1 if self.ask["dropout"] else self.e)

    def kept_ffn(self, moe):
        m, e = self.m, self.e
        inner = (2 if m.gated_ffn else 1) + self.needs_input("ffn")
        total = e * self.between(moe, "ffn") + (self.stream * m.hidden if self.ask["dropout"] else 0)
        if self.needs_input("ffn"):
            total += e * self.stream * m.hidden
        if not moe:
            return total + e * inner * self.rows * (m.ffn // self.l["tp"])
        x, tp = m.experts, self.l["tp"]
        routed = self.routed * self.experts
        total += e * inner * (self.rows * up(x.get("shared_ffn", 0), tp) + routed * up(x["ffn"], tp))
        total += e * routed * m.hidden * (1 if self.ask["megatron"] else 2)
        return total + 24 * self.rows * x["count"]

    def kept(self, moe):
        norms = 2 * self.e * self.stream * self.m.hidden
        return {"attention": self.kept_attention(moe), "core": self.kept_core(), "ffn": self.kept_ffn(moe),
                "norms": norms}
