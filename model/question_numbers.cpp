#include "model/question_numbers.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <type_traits>
#include <utility>

namespace ithaca {
namespace {

constexpr double kExact = 0x1p53;
constexpr std::size_t kMostElements = 1 << 20;

template <class T>
concept Scalar = std::is_arithmetic_v<T> || std::is_enum_v<T>;
template <class T, class Struct>
concept Like = std::same_as<std::remove_const_t<T>, Struct>;

/// Appends what it is given.
class NumberWriter {
 public:
  std::vector<double> numbers;

  template <Scalar T>
  void number(const T& value) {
    numbers.push_back(static_cast<double>(value));
  }
  template <class Tag>
  void number(const Quantity<Tag>& value) {
    numbers.push_back(value.value());
  }
  template <class List, class Item>
  void list(const List& items, Item item) {
    numbers.push_back(static_cast<double>(items.size()));
    for (const auto& each : items) item(each);
  }
};

/// Fills what it is given, in the same order.
class NumberReader {
 public:
  explicit NumberReader(std::span<const double> numbers) : numbers_(numbers) {}
  bool done() const { return good_ && next_ == numbers_.size(); }

  void number(double& value) { value = take(); }
  template <Scalar T>
  void number(T& value) {
    const double real = take();
    const bool whole = std::fabs(real) <= (sizeof(T) == sizeof(std::int64_t) ? kExact : 0x1p31 - 1);
    good_ = good_ && whole;
    value = static_cast<T>(static_cast<std::int64_t>(whole ? real : 0));
  }
  template <class Tag>
  void number(Quantity<Tag>& value) {
    value = Quantity<Tag>{take()};
  }
  template <class List, class Item>
  void list(List& items, Item item) {
    std::int64_t size = 0;
    number(size);
    if (size < 0 || static_cast<std::size_t>(size) > std::min(kMostElements, numbers_.size())) good_ = false;
    items = {};
    for (std::int64_t i = 0; good_ && i < size; ++i) {
      std::remove_cvref_t<decltype(*items.begin())> each{};
      item(each);
      items.push_back(each);
    }
  }

 private:
  double take() {
    good_ = good_ && next_ < numbers_.size();
    return good_ ? numbers_[next_++] : 0;
  }

  std::span<const double> numbers_;
  std::size_t next_ = 0;
  bool good_ = true;
};

template <class Archive, class... Numbers>
void numbers(Archive& a, Numbers&... all) {
  (a.number(all), ...);
}

// Each takes a struct apart by name, so that one with a member more does not compile until it is here.

template <class Archive, Like<Transformer> T>
void figures(Archive& a, T& model) {
  auto& [name, hidden, layers, heads, kv_heads, head_dim, value_dim, ffn, vocab, positions, norm, gated, tied,
         final_norm, qkv_bias, output_bias, ffn_bias, qk_norm, latent, experts, window, full_layers, density] = model;
  numbers(a, hidden, layers, heads, kv_heads, head_dim, value_dim, ffn, vocab, positions, norm, gated, tied, final_norm,
          qkv_bias, output_bias, ffn_bias, qk_norm, window, full_layers, density);
  auto& [query_rank, kv_rank, rope_dim] = latent;
  auto& [count, top_k, expert_ffn, shared_ffn, dense_layers, imbalance] = experts;
  numbers(a, query_rank, kv_rank, rope_dim, count, top_k, expert_ffn, shared_ffn, dense_layers, imbalance);
}

template <class Archive, Like<Workload> T>
void figures(Archive& a, T& work) {
  auto& [seq_len, micro_batch, global_batch, dtype, recompute, flash, causal, dropout, tiled_loss, fp32_gradients,
         ring_gradient, recompute_every, fused_loss, tiled_mlp, offload, overlap, transformer_engine, packing,
         lora_rank, lora_targets, framework] = work;
  numbers(a, seq_len.count, micro_batch, global_batch, dtype, recompute, flash, causal, dropout, tiled_loss,
          fp32_gradients, ring_gradient, recompute_every, fused_loss, tiled_mlp, transformer_engine, lora_rank);
  auto& [checkpoints, optimizer, parameters] = offload;
  auto& [gradients, gathers, pipeline, tensor] = overlap;
  auto& [attention, ffn] = lora_targets;
  auto& [which, version] = framework;
  numbers(a, checkpoints, optimizer, parameters, gradients, gathers, pipeline, tensor, attention, ffn, which, version);
}

template <class Archive, Like<GemmCurve::Rates> T>
void figures(Archive& a, T& rates) {
  auto& [tile, wave, split, batched] = rates;
  for (auto& rate : tile) a.number(rate);
  numbers(a, wave, split, batched);
}

template <class Archive, class Points>
void curve(Archive& a, Points& points) {
  a.list(points, [&a](auto& point) {
    auto& [head_dim, rate, start_up, burst] = point;
    numbers(a, head_dim, rate, start_up, burst);
  });
}

template <class Archive, Like<Gpu> T>
void figures(Archive& a, T& gpu) {
  auto& [name, memory, memory_rate, memory_efficiency, streaming_efficiency, host, sms, peak, sustained, host_link,
         arch, gemm, attention, gemm_mark, attention_mark] = gpu;
  auto& [forward_layer, backward_layer] = host;
  numbers(a, memory, memory_rate, memory_efficiency, streaming_efficiency, forward_layer, backward_layer, sms,
          host_link, arch, gemm_mark, attention_mark);
  for (auto& rate : peak) a.number(rate);
  for (auto& rate : sustained) a.number(rate);
  auto& [gemm_launch, half, fp32] = gemm;
  a.number(gemm_launch);
  figures(a, half);
  figures(a, fp32);
  auto& [launch, forward, backward] = attention;
  a.number(launch);
  for (auto* pass : {&forward, &backward}) {
    auto& [full, causal] = *pass;
    curve(a, full);
    curve(a, causal);
  }
}

template <class Archive, Like<CollectiveProfile> T>
void figures(Archive& a, T& profile) {
  auto& [regimes, curves] = profile;
  a.list(regimes, [&a](auto& regime) {
    auto& [op, algorithm, protocol, across_nodes, latency, transfer, hop, held] = regime;
    numbers(a, op, algorithm, protocol, across_nodes, latency, transfer, hop, held);
  });
  a.list(curves, [&a](auto& one) {
    auto& [op, algorithm, across_nodes, ranks, points] = one;
    numbers(a, op, algorithm, across_nodes, ranks);
    a.list(points, [&a](auto& point) { numbers(a, point.bytes, point.factor); });
  });
}

template <class Archive, Like<Cluster> T>
void figures(Archive& a, T& cluster) {
  auto& [name, gpu, scale_up, port_peak, port_achieved, port_all_to_all, port_nvls, cpu, ll128, nic_latency, domains,
         node_gpus, max_gpus, host_memory, price, link_mark, measured] = cluster;
  figures(a, gpu);
  numbers(a, scale_up, port_peak, port_achieved, port_all_to_all, port_nvls, cpu, ll128, nic_latency, node_gpus,
          max_gpus, host_memory, price, link_mark);
  a.list(domains, [&a](auto& domain) {
    auto& [uplink, gpus, peak, achieved, all_to_all, ports] = domain;
    numbers(a, uplink, gpus, peak, achieved, all_to_all, ports);
  });
  figures(a, measured);
}

/// A degree that is open is -1: no degree is below zero.
template <class Archive, class Degree>
void open_degree(Archive& a, Degree& degree) {
  int value = degree.value_or(-1);
  a.number(value);
  if constexpr (!std::is_const_v<Degree>) degree = value < 0 ? std::nullopt : std::optional<int>(value);
}

template <class Archive, Like<Degrees> T>
void figures(Archive& a, T& degrees) {
  auto& [tp, pp, dp, ulysses, ring, zero, zigzag, ep, virtual_pp, inner_ring, chunks, schedule] = degrees;
  for (auto* degree : {&tp, &pp, &dp, &ulysses, &ring, &zero}) open_degree(a, *degree);
  numbers(a, zigzag, ep, virtual_pp, inner_ring, chunks, schedule);
}

template <class Archive, Like<Question> T>
void figures(Archive& a, T& question) {
  auto& [model, work, cluster, gpus, degrees, strategies, packing, traffic] = question;
  figures(a, model);
  figures(a, work);
  figures(a, cluster);
  a.number(gpus);
  figures(a, degrees);
  a.list(strategies, [&a](auto& strategy) { a.number(strategy); });
}

}  // namespace

std::vector<double> question_numbers(const Question& question) {
  NumberWriter writer;
  figures(writer, question);
  return std::move(writer.numbers);
}

std::vector<double> model_numbers(const Transformer& model) {
  NumberWriter writer;
  figures(writer, model);
  return std::move(writer.numbers);
}

std::optional<Question> question_of(std::span<const double> numbers) {
  NumberReader reader(numbers);
  Question question;
  figures(reader, question);
  if (!reader.done()) return std::nullopt;
  return question;
}

}  // namespace ithaca
