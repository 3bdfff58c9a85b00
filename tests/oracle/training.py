"""Random models of every shape and ways to train them, and the command lines that ask about them."""
from questions import random_model
from stage import CLUSTERS


STRATEGIES = ["ulysses", "megatron_sp", "ring", "usp", "tensor_parallel", "cp_all_gather", "loongtrain", "fpdt",
              "ring_self_attention"]
SWITCHES = ["dropout", "tiled_loss", "fused_loss", "tiled_mlp"]


def flip(dice, share=0.5):
    return dice.random() < share


def drawn_model(dice):
    model = random_model(dice)
    if flip(dice):
        model["gated_ffn"] = flip(dice)
    for key in ("tied_embeddings", "qkv_bias", "output_bias", "ffn_bias"):
        model[key] = flip(dice, 0.3)
    if flip(dice, 0.3):
        model["norm"] = "layer"
    if flip(dice, 0.3):
        model["learned_positions"] = 2048
    if flip(dice, 0.25):
        model["window"] = 512 * dice.randint(1, 16)
        model["full_layers"] = dice.randint(0, model["layers"])
    if flip(dice, 0.2):
        model["attention_density"] = 0.25
    shape = dice.choice(["dense", "dense", "moe", "latent", "qk_norm"])
    if shape == "qk_norm":
        model["qk_norm"] = True
    if shape == "latent":
        rope = dice.choice([32, 64])
        model["kv_heads"] = model["heads"]
        model["head_dim"] += rope
        for key in ("qkv_bias", "output_bias"):
            model[key] = False
        model["latent"] = {"kv_rank": 64 * dice.randint(1, 8), "rope_dim": rope, "value_dim": dice.choice([64, 128])}
        if flip(dice):
            model["latent"]["query_rank"] = 64 * dice.randint(2, 24)
    if shape in ("moe", "latent") and flip(dice, 0.8):
        count = dice.choice([8, 16, 64])
        experts = {"count": count, "top_k": dice.choice([1, 2, 6]), "ffn": 64 * dice.randint(4, 60),
                   "shared_ffn": 64 * dice.choice([0, 4, 16]),
                   "dense_layers": dice.randint(0, min(3, model["layers"] - 1))}
        model["experts"] = {key: value for key, value in experts.items() if value}
    return model


def drawn_question(dice, model):
    ask = {
        "cluster": dice.choice([*CLUSTERS]), "dtype": dice.choice(["bf16", "bf16", "fp16", "fp32", "fp8"]),
        "flash": flip(dice, 0.8), "recompute": dice.choice(["none", "selective", "full", "full"]), "every": 1,
        "zero": dice.randint(0, 3), "ring_grad": dice.choice(["fp32", "half"]), "offload": [], "lora": (0, "all"),
        "megatron": flip(dice, 0.3), "micro": dice.choice([1, 1, 2, 3]), "schedule": "1f1b", "virtual": 1, "pp": 1,
        "ep": 1, "tp": dice.choice([1, 1, 2, 4]), "dp": dice.choice([1, 2]), "sequence": dice.choice([1, 2, 3, 4, 8]),
        "chunks": dice.choice([2, 4]),
        **{flag: flip(dice, 0.3) for flag in (*SWITCHES, "fp32_gradients")},
    }
    if ask["dtype"] == "fp8" and ask["cluster"] == "dgx-a100":
        ask["dtype"] = "bf16"
    if ask["recompute"] == "full" and flip(dice, 0.3):
        ask["every"] = dice.randint(2, 4)
    if flip(dice, 0.2):
        ask["lora"] = (dice.choice([8, 16, 64]), dice.choice(["all", "attention", "ffn"]))
    if model["layers"] >= 4 and flip(dice, 0.3):
        ask["pp"] = dice.choice([2, 4])
        ask["zero"] = min(ask["zero"], 1)
        ask["schedule"] = dice.choice(["1f1b", "gpipe"])
        if ask["schedule"] == "1f1b" and model["layers"] >= 2 * ask["pp"] and flip(dice, 0.4):
            ask["virtual"] = 2
    if ask["recompute"] == "full" and flip(dice, 0.2):
        ask["offload"].append("checkpoints")
    if ask["zero"] >= 1 and flip(dice, 0.3):
        ask["offload"].append("optimizer")
    if ask["zero"] == 3 and flip(dice, 0.2):
        ask["offload"].append("parameters")
    if "experts" in model and flip(dice, 0.6):
        ask["ep"] = dice.choice([2, 4])
    ask["global"] = ask["micro"] * ask["dp"] * dice.choice([1, 2, 4, 8])
    return ask


def words_of(ask, strategy, seq):
    """The command line; a strategy of Megatron's splits the sequence by tp alone."""
    sequence = 1 if strategy in ("megatron_sp", "tensor_parallel") else ask["sequence"]
    gpus = ask["tp"] * ask["pp"] * ask["dp"] * sequence
    words = ["--cluster", ask["cluster"], "--gpus", gpus, "--seq", seq, "--strategies", strategy,
             "--attention", ("flash" if ask["flash"] else "eager") + ",causal", "--dtype", ask["dtype"],
             "--recompute", ask["recompute"], "--zero", ask["zero"], "--micro-batch", ask["micro"],
             "--global-batch", ask["global"], "--tp", ask["tp"], "--dp", ask["dp"], "--ring-grad", ask["ring_grad"]]
    if ask["every"] > 1:
        words += ["--recompute-every", ask["every"]]
    for flag in SWITCHES:
        if ask[flag]:
            words.append("--" + flag.replace("_", "-"))
    if ask["fp32_gradients"]:
        words += ["--grad-dtype", "fp32"]
    if ask["offload"]:
        words += ["--offload", ",".join(ask["offload"])]
    if ask["lora"][0]:
        words += ["--lora", f"{ask['lora'][0]}:{ask['lora'][1]}"]
    if ask["megatron"]:
        words += ["--framework", "megatron"]
    if ask["pp"] > 1:
        words += ["--pp", ask["pp"], "--schedule", ask["schedule"], "--virtual-pp", ask["virtual"]]
    if ask["ep"] > 1:
        words += ["--ep", ask["ep"]]
    if strategy == "fpdt":
        words += ["--chunks", ask["chunks"]]
    return [str(word) for word in words]
