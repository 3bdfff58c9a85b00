#include <cuda_runtime.h>

#include "validate/probe/batch_plan.hpp"
#include "validate/probe/job.hpp"

namespace ithaca {

Result<Job, std::string> copy_job(Device& device, const KernelSample& s) {
  using Path = KernelSample::Path;
  using Buffers = std::vector<std::shared_ptr<Buffer>>;
  constexpr Bytes kHostBudget{2e9};
  const bool from_host = s.path == Path::to_device, to_host = s.path == Path::to_host;
  const Bytes budget = from_host || to_host ? min(kHostBudget, buffer_budget(device)) : buffer_budget(device);
  const int sets = buffer_sets(s.moved * 2, device.l2(), budget);
  if (sets == 0) return std::string("its buffers do not fit into memory");
  Buffers from, to;
  for (int i = 0; i < sets; ++i) {
    const auto source = Buffer::take(s.moved, from_host ? Buffer::Where::host : Buffer::Where::device);
    const auto target = Buffer::take(s.moved, to_host ? Buffer::Where::host : Buffer::Where::device);
    if (!source) return source.error();
    if (!target) return target.error();
    from.push_back(*source);
    to.push_back(*target);
  }
  Job job;
  job.sets = sets;
  job.enqueue = [from, to, bytes = static_cast<std::size_t>(s.moved.value()), stream = device.stream()](int set) {
    const auto i = static_cast<std::size_t>(set);
    return cuda_trouble(cudaMemcpyAsync(to[i]->at(0), from[i]->at(0), bytes, cudaMemcpyDefault, stream), "a copy");
  };
  return job;
}

}  // namespace ithaca
