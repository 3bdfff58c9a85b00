#include "validate/probe/cuda_accelerator.hpp"

#include <cuda_runtime.h>

namespace ithaca {

Result<std::unique_ptr<CudaAccelerator>, std::string> CudaAccelerator::make(const Device& device,
                                                                            const ClockMeter* meter) {
  std::unique_ptr<CudaAccelerator> accelerator(new CudaAccelerator(device, meter));
  Trouble trouble = cuda_trouble(cudaEventCreate(&accelerator->start_), "an event");
  if (!trouble) trouble = cuda_trouble(cudaEventCreate(&accelerator->end_), "an event");
  if (trouble) return *trouble;
  return accelerator;
}

CudaAccelerator::~CudaAccelerator() {
  if (start_ != nullptr) cudaEventDestroy(start_);
  if (end_ != nullptr) cudaEventDestroy(end_);
}

Result<std::shared_ptr<void>, std::string> CudaAccelerator::take(Bytes size) {
  auto buffer = Buffer::take(size);
  if (!buffer) return buffer.error();
  device::fill_random((*buffer)->at(0), static_cast<std::size_t>(size.value()) / 2, seed_++, stream_);
  if (const Trouble trouble = launch_trouble("random numbers")) return *trouble;
  return std::shared_ptr<void>(*buffer, (*buffer)->at(0));
}

Trouble CudaAccelerator::write(void* to, std::span<const float> from) {
  const cudaError_t status = cudaMemcpyAsync(to, from.data(), from.size_bytes(), cudaMemcpyHostToDevice, stream_);
  if (Trouble trouble = cuda_trouble(status, "a copy to the GPU")) return trouble;
  return cuda_trouble(cudaStreamSynchronize(stream_), "a copy to the GPU");
}

Trouble CudaAccelerator::read(const void* from, std::span<float> to) {
  const cudaError_t status = cudaMemcpyAsync(to.data(), from, to.size_bytes(), cudaMemcpyDeviceToHost, stream_);
  if (Trouble trouble = cuda_trouble(status, "a copy from the GPU")) return trouble;
  return cuda_trouble(cudaStreamSynchronize(stream_), "a copy from the GPU");
}

Trouble CudaAccelerator::keep_busy() {
  constexpr std::int64_t kQueueing = 100'000;  // ns: more than it takes to queue a few collectives
  device::spin(kQueueing, stream_);
  return launch_trouble("keeping the GPU busy");
}

Trouble CudaAccelerator::mark_start() { return cuda_trouble(cudaEventRecord(start_, stream_), "an event"); }
Trouble CudaAccelerator::mark_end() { return cuda_trouble(cudaEventRecord(end_, stream_), "an event"); }

Result<bool, std::string> CudaAccelerator::is_idle() {
  const cudaError_t status = cudaStreamQuery(stream_);
  if (status == cudaErrorNotReady) {
    cudaGetLastError();  // no error to keep
    return false;
  }
  if (const Trouble trouble = cuda_trouble(status, "the collectives")) return *trouble;
  return true;
}

Result<Seconds, std::string> CudaAccelerator::between_marks() {
  float milliseconds = 0;
  const Trouble trouble = cuda_trouble(cudaEventElapsedTime(&milliseconds, start_, end_), "the events");
  if (trouble) return *trouble;
  return Seconds{milliseconds * 1e-3};
}

}  // namespace ithaca
