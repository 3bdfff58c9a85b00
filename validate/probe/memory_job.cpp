#include <string>

#include "validate/probe/batch_plan.hpp"
#include "validate/probe/job.hpp"
#include "validate/probe/references.hpp"

namespace ithaca {
namespace {

using Op = KernelSample::Op;
using Buffers = std::vector<std::shared_ptr<Buffer>>;

bool has_two_inputs(Op op) { return op == Op::residual || op == Op::swiglu; }

/// `x` holds both inputs of swiglu, row by row, and those of residual one after the other.
void launch(const KernelSample& s, const void* x, void* y, device::Stream stream) {
  const std::int64_t width = s.columns / s.ranks;
  switch (s.op) {
    case Op::rms_norm: return device::rms_norm(x, y, s.rows, s.columns, stream);
    case Op::layer_norm: return device::layer_norm(x, y, s.rows, s.columns, stream);
    case Op::swiglu: return device::swiglu(x, y, s.rows, s.columns, stream);
    case Op::gelu: return device::gelu(x, y, s.rows, s.columns, stream);
    case Op::residual:
      return device::residual(x, static_cast<const char*>(x) + 2 * s.rows * s.columns, y, s.rows, s.columns, stream);
    case Op::pack: return device::pack(x, y, s.rows, s.ranks, width, stream);
    case Op::unpack: return device::unpack(x, y, s.rows, s.ranks, width, stream);
    case Op::gemm:
    case Op::attention_forward:
    case Op::attention_backward:
    case Op::attention_forward_backward:
    case Op::copy:
    case Op::gemm_beside:
    case Op::norm:
    case Op::activation:
    case Op::permute: return;
  }
}

/// The kernel's result for `x`.
Result<std::vector<float>, std::string> run(Device& device, const KernelSample& s, const std::vector<float>& x) {
  const auto from = device.upload(x);
  if (!from) return from.error();
  const auto to = device.random(s.rows * s.columns);
  if (!to) return to.error();
  launch(s, (*from)->at(0), (*to)->at(0), device.stream());
  if (const Trouble trouble = launch_trouble("a kernel of the check")) return *trouble;
  return device.download(**to, static_cast<std::size_t>(s.rows * s.columns));
}

reference::Numbers expected(const KernelSample& s, const reference::Numbers& x) {
  const auto columns = static_cast<std::size_t>(s.columns), rows = static_cast<std::size_t>(s.rows);
  const auto middle = x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2);
  if (s.op == Op::rms_norm) return reference::rms_norm(x, columns);
  if (s.op == Op::layer_norm) return reference::layer_norm(x, columns);
  if (s.op == Op::swiglu) return reference::swiglu(x, columns);
  if (s.op == Op::gelu) return reference::gelu(x);
  if (s.op == Op::residual) return reference::residual({x.begin(), middle}, {middle, x.end()});
  const auto ranks = static_cast<std::size_t>(s.ranks);
  const std::vector<std::size_t> places = reference::pack_places(rows, ranks, columns / ranks);
  reference::Numbers y(x.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (s.op == Op::pack)
      y[places[i]] = x[i];
    else
      y[i] = x[places[i]];
  }
  return y;
}

}  // namespace

Result<Job, std::string> memory_job(Device& device, const KernelSample& s) {
  if (s.columns / s.ranks % 8 != 0) return "rows of " + std::to_string(s.columns / s.ranks) + " are no multiple of 8";
  const std::int64_t inputs = (has_two_inputs(s.op) ? 2 : 1) * s.rows * s.columns;
  const int sets = buffer_sets(s.moved, device.l2(), buffer_budget(device));
  if (sets == 0) return std::string("its buffers do not fit into the GPU's memory");
  Buffers from, to;
  for (int i = 0; i < sets; ++i) {
    const auto x = device.random(inputs), y = device.random(s.rows * s.columns);
    if (!x) return x.error();
    if (!y) return y.error();
    from.push_back(*x);
    to.push_back(*y);
  }
  Job job;
  job.sets = sets;
  job.enqueue = [s, from, to, stream = device.stream()](int set) {
    const auto i = static_cast<std::size_t>(set);
    launch(s, from[i]->at(0), to[i]->at(0), stream);
    return launch_trouble("a memory-bound kernel");
  };
  return job;
}

Trouble check_memory(Device& device) {
  constexpr double kRounding = 0.01;  // bf16 keeps 8 bits: 2^-8 = 0.004
  for (const Op op : {Op::rms_norm, Op::layer_norm, Op::swiglu, Op::gelu, Op::residual, Op::pack, Op::unpack}) {
    KernelSample s;
    s.op = op;
    s.rows = 6, s.columns = 48;
    if (op == Op::pack || op == Op::unpack) s.ranks = 3;
    const auto count = static_cast<std::size_t>((has_two_inputs(op) ? 2 : 1) * s.rows * s.columns);
    const auto numbers = device.random(static_cast<std::int64_t>(count));
    if (!numbers) return numbers.error();
    const auto x = device.download(**numbers, count);
    if (!x) return x.error();
    const auto y = run(device, s, *x);
    if (!y) return y.error();
    const double off = reference::difference(expected(s, *x), *y);
    const bool permutes = op == Op::pack || op == Op::unpack;
    if (off > (permutes ? 0 : kRounding))
      return std::string(name(op)) + " computes something else, off by " + std::to_string(off);
  }
  return std::nullopt;
}

}  // namespace ithaca
