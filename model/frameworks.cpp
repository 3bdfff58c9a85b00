#include "model/frameworks.hpp"

namespace ithaca {
namespace {

constexpr std::string_view kEvenHeads = "query heads / tp divisible by ulysses";
constexpr std::string_view kEvenOrCopied = "query heads divisible by ulysses; KV heads divisible by it or dividing it";
constexpr std::string_view kEvenBoth = "query and KV heads divisible by tp x ulysses";
constexpr std::string_view kKvByTp = "KV heads divisible by tp";

struct Divisibility {
  bool heads, kv, kv_or_copies;
};

Divisibility divisibility(const Transformer& m, const Layout& layout) {
  const std::int64_t ranks = static_cast<std::int64_t>(layout.tp) * layout.ulysses;
  return {m.heads % ranks == 0, m.kv_heads % ranks == 0, m.kv_heads % ranks == 0 || ranks % m.kv_heads == 0};
}

}  // namespace

StaticVector<FrameworkAnswer, 4> frameworks(const Transformer& model, const Layout& layout) {
  const Divisibility d = divisibility(model, layout);
  StaticVector<FrameworkAnswer, 4> answers;
  switch (layout.strategy) {
    case Strategy::ulysses:
      answers.push_back({"deepspeed", true, "", "deepspeedai/DeepSpeed PR 6392: uneven heads"});
      answers.push_back({"alst", d.heads && d.kv_or_copies, kEvenOrCopied, "ALST, arXiv 2506.13996"});
      answers.push_back({"verl", d.heads && d.kv_or_copies, kEvenOrCopied, "verl-project/verl issue 1226"});
      answers.push_back(
          {"megatron-core", d.heads && d.kv, kEvenBoth, "NVIDIA/TransformerEngine context_parallel.py, a2a"});
      break;
    case Strategy::usp:
      answers.push_back({"yunchang", d.heads, kEvenHeads, "feifeibear/long-context-attention README"});
      answers.push_back(
          {"megatron-core", d.heads && d.kv, kEvenBoth, "NVIDIA/TransformerEngine context_parallel.py, a2a+p2p"});
      break;
    case Strategy::ring:
      answers.push_back({"ring-flash-attention", true, "", "zhuzilin/ring-flash-attention README"});
      answers.push_back({"megatron-core", layout.zigzag, "zigzag chunks", "Megatron-LM context parallelism, p2p"});
      break;
    case Strategy::megatron_sp:
      answers.push_back(
          {"megatron-core before 0.16", model.kv_heads % layout.tp == 0, kKvByTp, "Megatron-LM transformer_config.py"});
      answers.push_back({"megatron-core", true, "", "Megatron-LM transformer_config.py, 0.16"});
      break;
    case Strategy::tensor_parallel:
      answers.push_back({"megatron-core", true, "", "Megatron-LM without --sequence-parallel"});
      break;
    case Strategy::cp_all_gather:
      answers.push_back({"megatron-core", true, "", "NVIDIA/TransformerEngine context_parallel.py, all_gather"});
      break;
    case Strategy::loongtrain:
      answers.push_back({"internevo", d.heads, kEvenHeads, "InternLM/InternEvo, LoongTrain arXiv 2406.18485"});
      break;
    case Strategy::fpdt:
      answers.push_back({"megatron-deepspeed", d.heads && d.kv, kEvenBoth, "FPDT, arXiv 2408.16978"});
      break;
    case Strategy::ring_self_attention:
      answers.push_back({"colossalai", true, "", "hpcaitech/ColossalAI ring self-attention, arXiv 2105.13120"});
      break;
  }
  return answers;
}

}  // namespace ithaca
