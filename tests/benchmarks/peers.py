#!/usr/bin/env python3
"""Full training-step estimates a second on one core, ours and other cost models', in turn in one run; medians of five:

    LLM_ANALYSIS=DIR CALCULON=DIR SIMUMAX=DIR tests/benchmarks/peers.py [--bench build/release/benchmarks/ithaca_model_bench]

DIR is the root of a checkout (cli99/llm-analysis, calculon-ai/calculon, MooreThreads/SimuMax). One that is not given or
does not start is quoted instead, and marked so: figures that were measured with these programs on a 2-core AMD EPYC
virtual machine under Python 3.11. Exits 1 where a ratio misses the project's limit, 77 where our benchmark is missing.
"""
import argparse
import itertools
import json
import logging
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROUNDS = 5
SECONDS = 1.0  # of each program in each round
# Program, estimates a second as quoted above, what we have to be faster by. Calculon with its logger muted.
PEERS = [("llm-analysis", "LLM_ANALYSIS", 930.0, 500), ("Calculon", "CALCULON", 170.0, 3000),
         ("SimuMax", "SIMUMAX", 2.0, 200000)]


def ours(bench):
    """Distinct questions of a grid, every one worked out anew."""
    words = [bench, "--benchmark_filter=^grid", "--benchmark_format=json", f"--benchmark_min_time={SECONDS}"]
    result = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return result["benchmarks"][0]["items_per_second"]


def llm_analysis():
    from llm_analysis import analysis, config
    logging.disable(logging.CRITICAL)
    model, gpu = config.get_model_config_by_name("facebook_opt-175b"), config.get_gpu_config_by_name("a100-sxm-80gb")
    dtype = config.get_dtype_config_by_name("w16a16e16")

    def estimate(i):
        layout = config.ParallelismConfig(tp_size=8, pp_size=12, dp_size=1 + i % 16)
        analysis.LLMAnalysis(model, gpu, dtype, layout, flops_efficiency=0.5).training(
            batch_size_per_gpu=1, seq_len=2048, total_num_tokens=300e9)
    return estimate


def calculon():
    from calculon.llm import Llm
    from calculon.system import System
    root = pathlib.Path(os.environ["CALCULON"])
    read = lambda path: json.loads((root / path).read_text())
    app, execution = Llm.Application(read("models/gpt3-175B.json")), read("validation/gpt3-175B_seqsel.json")
    system, logger = System(read("systems/a100_80g.json")), logging.Logger("peers", logging.CRITICAL)
    make = getattr(Llm.Execution, "from_json", Llm.Execution)

    def estimate(i):
        execution["activation_recompute"] = ("full", "attn_only", "none")[i % 3]
        model = Llm(app, logger)
        try:
            model.compile(system, make(execution))
            model.run(system)
            model.get_stats_json(False)
        except Llm.Error:
            pass  # a refusal is an answer
    return estimate


def simumax():
    from simumax.core.config import ModelConfig, StrategyConfig, SystemConfig
    from simumax.core.perf_llm import PerfLLM
    from simumax.utils import get_simu_model_config, get_simu_strategy_config, get_simu_system_config
    load = lambda kind, path: kind.init_from_config_file(path)

    def estimate(i):
        perf = PerfLLM()
        perf.configure(strategy_config=load(StrategyConfig, get_simu_strategy_config("tp4_pp1_dp2_mbs1")),
                       model_config=load(ModelConfig, get_simu_model_config("llama3-8b")),
                       system_config=load(SystemConfig, get_simu_system_config("a100_pcie")))
        perf.run_estimate()
        perf.analysis_mem()
        perf.analysis_cost()
    return estimate


def rate(estimate):
    """Calls a second; what is printed on the way is thrown away."""
    with open(os.devnull, "w") as nowhere:
        shown, sys.stdout = sys.stdout, nowhere
        try:
            begin = time.process_time()
            for i in itertools.count():
                estimate(i)
                took = time.process_time() - begin
                if took > SECONDS:
                    return (i + 1) / took
        finally:
            sys.stdout = shown


def start(variable, prepare):
    """The program's estimate, or the reason why there is none."""
    root = os.environ.get(variable)
    if not root:
        return None, f"{variable} is not set"
    if not os.path.isdir(root):
        return None, f"{variable}={root} is no folder"
    sys.path.insert(0, root)
    try:
        estimate = prepare()
        estimate(0)  # shows whether it runs at all
        return estimate, ""
    except Exception as error:  # other people's code: whatever it is, it is said
        return None, f"{type(error).__name__}: {error}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--bench", default=str(root / "build/release/benchmarks/ithaca_model_bench"))
    bench = parser.parse_args().bench
    if not os.access(bench, os.X_OK):
        print(f"peers.py: {bench} is missing: cmake --preset release && cmake --build --preset release", file=sys.stderr)
        return 77
    started = [start(variable, prepare)
               for (_, variable, _, _), prepare in zip(PEERS, (llm_analysis, calculon, simumax))]
    rates = [[] for _ in range(1 + len(PEERS))]
    for _ in range(ROUNDS):
        rates[0].append(ours(bench))
        for each, (estimate, _) in zip(rates[1:], started):
            if estimate:
                each.append(rate(estimate))
    own = statistics.median(rates[0])
    print(f"{'estimates a second, one core':32} {'median':>12} {'ithaca is':>12} {'must':>9}")
    print(f"{'ithaca, a grid of points':32} {own:12,.0f}")
    missed = False
    for (name, _, quoted, must), (_, why), each in zip(PEERS, started, rates[1:]):
        theirs = statistics.median(each) if each else quoted
        missed |= own / theirs < must
        print(f"{name + ('' if each else ', quoted'):32} {theirs:12,.0f} {own / theirs:11,.0f}x {must:8,}x"
              + (f"   {why}" if why else ""))
    if not all(rates[1:]):
        print("quoted: measured with these programs on a 2-core AMD EPYC virtual machine under Python 3.11, not here")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
