#include <cudnn.h>

#include <string>

#include "validate/probe/attention_graph.hpp"
#include "validate/probe/batch_plan.hpp"
#include "validate/probe/job.hpp"
#include "validate/probe/references.hpp"

namespace ithaca {
namespace {

using Memory = std::shared_ptr<Buffer>;

/// What both passes need: Q, K, V, O, the statistics, and in the backward pass the gradients.
struct Tensors {
  Memory q, k, v, o, stats, d_o, d_q, d_k, d_v, accumulator, sums;
};

double query_count(const AttentionCall& c) { return static_cast<double>(c.batch * c.queries * c.heads * c.head_dim); }
double key_count(const AttentionCall& c) { return static_cast<double>(c.batch * c.keys * c.kv_heads * c.head_dim); }
double row_count(const AttentionCall& c) { return static_cast<double>(c.batch * c.queries * c.heads); }

Bytes tensor_bytes(const AttentionCall& c, bool backward) {
  const double forward = 2 * (2 * query_count(c) + 2 * key_count(c)) + 4 * row_count(c);
  const double gradients = 2 * (2 * query_count(c) + 2 * key_count(c)) + 4 * query_count(c) + 4 * row_count(c);
  return Bytes{forward + (backward ? gradients : 0)};
}

Result<Tensors, std::string> take_tensors(Device& device, const AttentionCall& c, bool backward) {
  Tensors t;
  struct Part {
    Memory* memory;
    double count;
  };
  std::vector<Part> half{{&t.q, query_count(c)}, {&t.k, key_count(c)}, {&t.v, key_count(c)}, {&t.o, query_count(c)}};
  std::vector<Part> full{{&t.stats, row_count(c)}};
  if (backward) {
    half.insert(half.end(),
                {{&t.d_o, query_count(c)}, {&t.d_q, query_count(c)}, {&t.d_k, key_count(c)}, {&t.d_v, key_count(c)}});
    full.insert(full.end(), {{&t.accumulator, query_count(c)}, {&t.sums, row_count(c)}});
  }
  for (const Part& part : half) {
    auto buffer = device.random(static_cast<std::int64_t>(part.count));
    if (!buffer) return buffer.error();
    *part.memory = *buffer;
  }
  for (const Part& part : full) {
    auto buffer = Buffer::take(Bytes{4 * part.count});
    if (!buffer) return buffer.error();
    *part.memory = *buffer;
  }
  return t;
}

/// One pass, planned.
class AttentionPlan {
 public:
  AttentionPlan() = default;
  AttentionPlan(const AttentionPlan&) = delete;
  AttentionPlan& operator=(const AttentionPlan&) = delete;
  ~AttentionPlan() {
    if (handle_ != nullptr) cudnnDestroy(handle_);
  }

  Trouble prepare(const AttentionCall& call, bool backward, device::Stream stream) {
    cudnnStatus_t status = cudnnCreate(&handle_);
    if (status == CUDNN_STATUS_SUCCESS) status = cudnnSetStream(handle_, stream);
    if (status != CUDNN_STATUS_SUCCESS) return std::string("cuDNN does not start: ") + cudnnGetErrorString(status);
    ids_ = backward ? build_attention_backward(graph_, call) : build_attention_forward(graph_, call);
    is_backward_ = backward;
    if (Trouble trouble = graph_.finish(handle_)) return trouble;
    if (graph_.workspace_bytes() == 0) return std::nullopt;
    auto workspace = Buffer::take(Bytes{static_cast<double>(graph_.workspace_bytes())});
    if (!workspace) return workspace.error();
    workspace_ = *workspace;
    return std::nullopt;
  }

  Trouble enqueue(const Tensors& t) {
    std::vector<CudnnGraph::Binding> bindings{{ids_.q, t.q->at(0)},
                                              {ids_.k, t.k->at(0)},
                                              {ids_.v, t.v->at(0)},
                                              {ids_.o, t.o->at(0)},
                                              {ids_.stats, t.stats->at(0)}};
    if (is_backward_) {
      bindings.insert(bindings.end(), {{ids_.d_o, t.d_o->at(0)},
                                       {ids_.d_q, t.d_q->at(0)},
                                       {ids_.d_k, t.d_k->at(0)},
                                       {ids_.d_v, t.d_v->at(0)},
                                       {ids_.d_q_accumulator, t.accumulator->at(0)},
                                       {ids_.sums, t.sums->at(0)}});
    }
    return graph_.run(handle_, bindings, workspace_ ? workspace_->at(0) : nullptr);
  }

 private:
  cudnnHandle_t handle_ = nullptr;
  CudnnGraph graph_;
  AttentionTensors ids_;
  bool is_backward_ = false;
  Memory workspace_;
};

/// Fills O and the statistics, which the backward pass reads.
Trouble run_forward(Device& device, const AttentionCall& call, const std::vector<Tensors>& sets) {
  AttentionPlan forward;
  Trouble trouble = forward.prepare(call, false, device.stream());
  for (const Tensors& set : sets)
    if (!trouble) trouble = forward.enqueue(set);
  return trouble ? trouble : device.wait();
}

struct Compared {
  const char* what;
  const reference::Numbers& expected;
  Memory got;
  bool is_fp32 = false;
};

Trouble compare(Device& device, const AttentionCall& call, const std::vector<Compared>& results) {
  constexpr double kRounding = 0.03;  // bf16 keeps 8 bits, and P is rounded before it multiplies
  for (const Compared& r : results) {
    const auto got =
        r.is_fp32 ? device.download_fp32(*r.got, r.expected.size()) : device.download(*r.got, r.expected.size());
    if (!got) return got.error();
    const double off = reference::difference(r.expected, *got);
    if (off > kRounding)
      return "attention (causal: " + std::string(call.causal ? "yes" : "no") + ") has a wrong " + r.what + ", off by " +
             std::to_string(off);
  }
  return std::nullopt;
}

Trouble check(Device& device, const AttentionCall& call) {
  const auto tensors = take_tensors(device, call, true);
  if (!tensors) return tensors.error();
  const Tensors& t = *tensors;
  if (Trouble trouble = run_forward(device, call, {t})) return trouble;
  AttentionPlan backward;
  Trouble trouble = backward.prepare(call, true, device.stream());
  if (!trouble) trouble = backward.enqueue(t);
  if (trouble) return trouble;
  const auto queries = static_cast<std::size_t>(query_count(call)), keys = static_cast<std::size_t>(key_count(call));
  const auto q = device.download(*t.q, queries), k = device.download(*t.k, keys), v = device.download(*t.v, keys),
             d_o = device.download(*t.d_o, queries);
  for (const auto* numbers : {&q, &k, &v, &d_o})
    if (!*numbers) return numbers->error();
  const reference::Attention forward = reference::attention(call, *q, *k, *v);
  const reference::AttentionGradients d = reference::attention_gradients(call, *q, *k, *v, *d_o);
  return compare(device, call,
                 {{"O", forward.o, t.o},
                  {"logarithm of sums", forward.stats, t.stats, true},
                  {"dQ", d.q, t.d_q},
                  {"dK", d.k, t.d_k},
                  {"dV", d.v, t.d_v}});
}

}  // namespace

Result<Job, std::string> attention_job(Device& device, const KernelSample& s) {
  const bool is_backward = s.op == KernelSample::Op::attention_backward;
  const AttentionCall& call = s.attention;
  auto plan = std::make_shared<AttentionPlan>();
  if (const Trouble trouble = plan->prepare(call, is_backward, device.stream())) return *trouble;
  const int wanted = buffer_sets(tensor_bytes(call, is_backward), device.l2(), buffer_budget(device));
  if (wanted == 0) return std::string("its tensors do not fit into the GPU's memory");
  std::vector<Tensors> sets;
  for (int i = 0; i < wanted; ++i) {
    const auto tensors = take_tensors(device, call, is_backward);
    if (!tensors) return tensors.error();
    sets.push_back(*tensors);
  }
  if (is_backward)
    if (const Trouble trouble = run_forward(device, call, sets)) return *trouble;
  Job job;
  job.sets = wanted;
  job.in_graph = false;  // not every engine of cuDNN can be captured
  job.enqueue = [plan, sets](int set) { return plan->enqueue(sets[static_cast<std::size_t>(set)]); };
  return job;
}

Trouble check_attention(Device& device) {
  for (const bool causal : {false, true})
    for (const std::int64_t kv_heads : {4, 2})
      if (Trouble trouble = check(device, {2, 128, 128, 4, kv_heads, 64, causal, true})) return trouble;
  return std::nullopt;
}

}  // namespace ithaca
