#include "configs/reader/run_fields.hpp"

#include "configs/reader/hugging_face.hpp"
#include "configs/reader/profile_figures.hpp"

namespace ithaca {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;

/// A degree or batch size: 1 to 2^15, so that products of four of them stay below 2^63.
Parsed<std::int64_t> parse_degree(std::string_view text) {
  auto count = parse_size(text);
  if (!count || *count <= (1 << 15)) return count;
  return UnitError{"'" + std::string(text) + "' is absurdly large", "give at most 32768"};
}

Parsed<std::int64_t> parse_stage(std::string_view text) {
  auto count = parse_count(text);
  if (!count || *count <= 3) return count;
  return UnitError{"ZeRO has stages 0 to 3, not '" + std::string(text) + "'", "write 0, 1, 2 or 3"};
}

/// Tokens of a sequence: 1 to 2^34.
Parsed<std::int64_t> parse_length(std::string_view text) {
  auto count = parse_positions(text);
  return count && *count < 1 ? UnitError{"'" + std::string(text) + "' is below 1", "give 1 or more"} : count;
}

/// The first of the keys that the map has, as a quantity of `unit`.
template <class Unit>
std::optional<Unit> scaled(Fields& fields, std::initializer_list<std::pair<const char*, double>> keys) {
  std::optional<Unit> found;
  for (const auto& [key, unit] : keys) {
    const auto number = fields.maybe(key, parse_above_zero);
    if (number && !found) found = Unit{*number * unit};
  }
  return found;
}

/// The first of the keys that the map has; the others become known.
template <class Parse>
auto any_of(Fields& fields, std::initializer_list<const char*> keys, Parse parse) {
  decltype(fields.maybe("", parse)) found;
  for (const char* key : keys) {
    auto value = fields.maybe(key, parse);
    if (!found) found = value;
  }
  return found;
}

std::optional<int> small(const MaybeCount& count) {
  return count ? std::optional(static_cast<int>(*count)) : std::nullopt;
}

struct WholeJob {
  Seconds unit;
  bool per_gpu = false;  ///< the time of all GPUs together
  double tokens = 0;
};

/// "days_for_300B_tokens" and "gpu_hours_for_1.4T_tokens".
std::optional<WholeJob> whole_job(std::string_view key) {
  const auto middle = key.find("_for_");
  if (middle == std::string_view::npos || !key.ends_with("_tokens")) return std::nullopt;
  const std::string_view unit = key.substr(0, middle);
  const std::string amount(key.substr(middle + 5, key.size() - middle - 12));
  if (amount.size() < 2) return std::nullopt;
  const double scale = amount.back() == 'T' ? 1e12 : amount.back() == 'B' ? 1e9 : amount.back() == 'M' ? 1e6 : 0;
  const auto number = parse_above_zero(std::string_view(amount).substr(0, amount.size() - 1));
  if (!number || scale == 0) return std::nullopt;
  const double tokens = *number * scale;
  if (unit == "days") return WholeJob{Seconds{86400}, false, tokens};
  if (unit == "hours") return WholeJob{Seconds{3600}, false, tokens};
  if (unit == "gpu_hours") return WholeJob{Seconds{3600}, true, tokens};
  return std::nullopt;
}

/// The node's rate to the network, which sources give a GPU, a NIC or a node.
void read_uplink(Fields& f, RunHardware& h) {
  const auto per_gpu = scaled<BytesPerSecond>(f, {{"nic_GBps_per_gpu_per_dir", 1e9}, {"nic_Gbps_per_gpu", 1e9 / 8}});
  const auto per_nic = scaled<BytesPerSecond>(f, {{"nic_GBps_per_dir", 1e9}, {"nic_Gbps", 1e9 / 8}});
  h.uplink = scaled<BytesPerSecond>(f, {{"inter_node_GBps_per_node", 1e9}, {"inter_node_Gbps_per_node", 1e9 / 8}});
  const auto gpus = static_cast<double>(h.gpus_per_node.value_or(8));
  if (!h.uplink && per_gpu) h.uplink = *per_gpu * gpus;
  if (!h.uplink && per_nic)
    h.uplink = *per_nic * static_cast<double>(h.nics_per_node.value_or(h.gpus_per_node.value_or(8)));
}

void read_whole_job(Fields& inside, const std::string& key, TrainingRun& run) {
  const auto job = whole_job(key);
  if (!job) return;
  const auto amount = inside.maybe(key, parse_above_zero);
  const double share = job->per_gpu ? static_cast<double>(run.gpus.value_or(0)) : 1;
  if (!amount || run.measured.whole || share <= 0) return;
  run.measured.whole = job->unit * (*amount / share);
  run.measured.whole_tokens = job->tokens;
}

}  // namespace

RunHardware read_run_hardware(Fields& f, std::string name) {
  RunHardware h;
  h.name = std::move(name);
  h.cluster = f.text_or("cluster", "");
  h.gpu = h.cluster.empty() ? f.text("gpu") : f.text_or("gpu", "");
  h.kernels = f.text_or("kernels", "");
  h.gpus_per_node = f.maybe("gpus_per_node", parse_devices);
  h.nics_per_node = f.maybe("nics_per_node", parse_devices);
  h.peak_half = scaled<FlopPerSecond>(f, {{"peak_bf16_tflops", 1e12}, {"peak_fp16_tflops", 1e12}});
  h.peak_fp8 = scaled<FlopPerSecond>(f, {{"peak_fp8_tflops", 1e12}});
  h.memory_rate = scaled<BytesPerSecond>(f, {{"hbm_GBps", 1e9}, {"memory_GBps", 1e9}});
  h.memory = scaled<Bytes>(f, {{"memory_gib", kGiB},
                               {"hbm_gib", kGiB},
                               {"memory_GiB", kGiB},
                               {"memory_gb", 1e9},
                               {"memory_GB", 1e9},
                               {"hbm_gb", 1e9},
                               {"hbm_GB", 1e9}});
  h.port = scaled<BytesPerSecond>(f, {{"nvlink_GBps_per_dir", 1e9}});
  h.config_port = scaled<BytesPerSecond>(f, {{"intra_node_GBps_in_config", 1e9}});
  h.nvswitch = f.maybe("nvswitch", parse_flag);
  h.note = f.text_or("note", "");
  read_uplink(f, h);
  return h;
}

RunModel read_run_model(Fields& f, std::string name) {
  RunModel m;
  m.name = std::move(name);
  m.arch = f.text_or("arch", "");
  m.hidden = f.need("hidden", parse_width);
  m.layers = f.need("layers", parse_layers);
  m.heads = f.need("heads", parse_layers);
  for (const auto& [key, value] : {std::pair{"kv_heads", &m.kv_heads},
                                   {"head_dim", &m.head_dim},
                                   {"ffn", &m.ffn},
                                   {"vocab", &m.vocab},
                                   {"experts", &m.experts},
                                   {"topk", &m.topk},
                                   {"moe_ffn", &m.moe_ffn},
                                   {"shared_expert_ffn", &m.shared_expert_ffn},
                                   {"q_lora_rank", &m.q_lora_rank},
                                   {"kv_lora_rank", &m.kv_lora_rank},
                                   {"qk_nope_head_dim", &m.qk_nope_head_dim},
                                   {"qk_rope_head_dim", &m.qk_rope_head_dim},
                                   {"v_head_dim", &m.v_head_dim}}) {
    *value = f.maybe(key, parse_width);
  }
  m.dense_layers = f.maybe("dense_layers", parse_positions);
  for (const auto& [key, flag] : {std::pair{"gated_mlp", &m.gated_mlp},
                                  {"tied_embeddings", &m.tied_embeddings},
                                  {"qkv_bias", &m.qkv_bias},
                                  {"qk_norm", &m.qk_norm}}) {
    *flag = f.maybe(key, parse_flag);
  }
  f.node("note");
  return m;
}

namespace {

/// Megatron's sizes of hierarchical context parallelism: ranks of an all-to-all, then of the ring around them.
void read_hierarchy(Fields& f, RunDegrees& d) {
  const Node* list = f.node("hierarchical_context_parallel_sizes");
  if (list == nullptr || list->items.size() != 2) return;
  const auto inner = parse_degree(list->items[0].text), outer = parse_degree(list->items[1].text);
  if (!inner || !outer) return;
  d.ulysses = static_cast<int>(*inner);
  d.ring = static_cast<int>(*outer);
}

}  // namespace

void read_run_settings(Fields& f, TrainingRun& run) {
  run.seq_len = f.need("seq_len", parse_length);
  run.global_batch = f.maybe("global_batch", parse_degree);
  run.micro_batch = f.maybe("micro_batch", parse_degree);
  run.micro_batches = f.maybe("micro_batches", parse_degree);
  run.gpus = f.maybe("num_gpus", parse_devices);
  for (const auto& [key, word] : {std::pair{"strategy", &run.strategy},
                                  {"cp_comm_type", &run.cp_comm_type},
                                  {"recompute", &run.recompute},
                                  {"dtype", &run.dtype},
                                  {"overlap", &run.overlap},
                                  {"framework", &run.framework},
                                  {"flop_count", &run.flop_count},
                                  {"attention_kernel", &run.attention_kernel},
                                  {"offload", &run.offload},
                                  {"split", &run.split}}) {
    *word = f.text_or(key, "");
  }
  for (const auto& [key, flag] : {std::pair{"megatron_sp", &run.megatron_sp},
                                  {"flash_attention", &run.flash},
                                  {"causal", &run.causal},
                                  {"dropout", &run.dropout},
                                  {"cross_entropy_fusion", &run.fused_loss},
                                  {"tiled_loss", &run.tiled_loss},
                                  {"tiled_mlp", &run.tiled_mlp},
                                  {"fp32_gradients", &run.fp32_gradients}}) {
    *flag = f.maybe(key, parse_flag);
  }
  if (const auto v = f.maybe("virtual_pp", parse_degree)) run.virtual_pp = v;
  run.recompute_every = f.maybe("recompute_every", parse_degree);
  read_hierarchy(f, run.degrees);
  run.zero = small(f.maybe("zero_stage", parse_stage));
  run.notes = f.text_or("notes", "");
  for (const char* remark : {"confidence", "note"}) f.node(remark);
}

void read_run_degrees(Fields& f, TrainingRun& run) {
  RunDegrees& d = run.degrees;
  for (const auto& [key, degree] : {std::pair{"tp", &d.tp}, {"pp", &d.pp}, {"cp", &d.cp}, {"ep", &d.ep}})
    *degree = static_cast<int>(f.maybe(key, parse_degree).value_or(1));
  d.dp = small(f.maybe("dp", parse_degree));
  if (const auto ulysses = any_of(f, {"ulysses", "sp"}, parse_degree)) d.ulysses = small(ulysses);
  if (const auto ring = f.maybe("ring", parse_degree)) d.ring = small(ring);
  if (const auto v = any_of(f, {"virtual_pp", "vpp", "vp"}, parse_degree)) run.virtual_pp = v;
}

void read_run_measured(Fields& f, const Node& map, TrainingRun& run) {
  RunMeasured& m = run.measured;
  m.step = scaled<Seconds>(f, {{"iter_time_s", 1}, {"step_time_s", 1}, {"iter_time_ms", 1e-3}});
  m.rate_per_gpu = scaled<FlopPerSecond>(f, {{"tflops_per_gpu", 1e12}});
  m.tokens_per_gpu = scaled<TokensPerSecond>(
      f, {{"tokens_per_s_per_gpu", 1}, {"tokens_per_sec_per_gpu", 1}, {"tokens_per_gpu_per_s", 1}});
  m.allocated = scaled<Bytes>(f, {{"peak_allocated_gib", kGiB}});
  m.reserved = scaled<Bytes>(f, {{"peak_reserved_gib", kGiB}});
  m.device = scaled<Bytes>(f, {{"peak_memory_gib", kGiB}, {"peak_device_gib", kGiB}});
  m.out_of_memory = f.maybe("out_of_memory", parse_flag).value_or(false);
  for (const char* detail : {"peak_allocated_mib_by_rank", "peak_reserved_mib_by_rank"}) f.node(detail);
  for (const Entry& entry : map.entries) read_whole_job(f, entry.key.text, run);
}

}  // namespace ithaca
