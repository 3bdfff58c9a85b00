#include "validate/probe/cuda_device.hpp"

#include <cuda_runtime.h>

#include <bit>

namespace ithaca {
namespace {

std::string version(int number) { return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10); }

/// To nearest, ties to even; no infinities or NaNs come here.
std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

}  // namespace

Trouble cuda_trouble(int status, const char* what) {
  if (status == cudaSuccess) return std::nullopt;
  return std::string(what) + ": " + cudaGetErrorString(static_cast<cudaError_t>(status));
}

Trouble launch_trouble(const char* what) { return cuda_trouble(cudaGetLastError(), what); }

Result<std::shared_ptr<Buffer>, std::string> Buffer::take(Bytes size, Where where) {
  void* memory = nullptr;
  const auto bytes = static_cast<std::size_t>(size.value());
  const cudaError_t status = where == Where::device ? cudaMalloc(&memory, bytes) : cudaMallocHost(&memory, bytes);
  if (const Trouble trouble = cuda_trouble(status, "memory")) {
    cudaGetLastError();  // an allocation that failed leaves the device usable
    return *trouble;
  }
  return std::make_shared<Buffer>(memory, where);
}

Buffer::~Buffer() {
  if (where_ == Where::device) {
    cudaFree(memory_);
  } else {
    cudaFreeHost(memory_);
  }
}

Result<int, std::string> count_gpus() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) return std::string("no usable NVIDIA driver: ") + cudaGetErrorString(status);
  if (count == 0) return std::string("this machine has no GPU");
  return count;
}

Result<std::unique_ptr<Device>, std::string> Device::open(int index) {
  const auto count = count_gpus();
  if (!count) return count.error();
  if (index >= *count) return "no GPU " + std::to_string(index) + ": this machine has " + std::to_string(*count);
  std::unique_ptr<Device> device(new Device);
  cudaDeviceProp properties{};
  char bus_id[32] = "";
  Trouble trouble = cuda_trouble(cudaSetDevice(index), "choosing the GPU");
  if (!trouble) trouble = cuda_trouble(cudaGetDeviceProperties(&properties, index), "the GPU's properties");
  if (!trouble) trouble = cuda_trouble(cudaDeviceGetPCIBusId(bus_id, sizeof bus_id, index), "the GPU's bus id");
  if (!trouble) trouble = cuda_trouble(cudaStreamCreateWithFlags(&device->stream_, cudaStreamNonBlocking), "a stream");
  if (!trouble) trouble = cuda_trouble(cudaStreamCreateWithFlags(&device->side_, cudaStreamNonBlocking), "a stream");
  if (trouble) return *trouble;
  device->name_ = properties.name;
  device->pci_bus_id_ = bus_id;
  device->l2_ = Bytes{static_cast<double>(properties.l2CacheSize)};
  return device;
}

Device::~Device() {
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
  if (side_ != nullptr) cudaStreamDestroy(side_);
}

Bytes Device::free_memory() const {
  std::size_t free = 0, total = 0;
  return cudaMemGetInfo(&free, &total) == cudaSuccess ? Bytes{static_cast<double>(free)} : Bytes{};
}

std::string Device::cuda() const {
  int runtime = 0, driver = 0;
  cudaRuntimeGetVersion(&runtime);
  cudaDriverGetVersion(&driver);
  return "runtime " + version(runtime) + ", driver's " + version(driver);
}

Trouble Device::wait() const { return cuda_trouble(cudaStreamSynchronize(stream_), "waiting for the GPU"); }

Result<std::shared_ptr<Buffer>, std::string> Device::random(std::int64_t count) {
  auto buffer = Buffer::take(Bytes{2.0 * static_cast<double>(count)});
  if (!buffer) return buffer.error();
  device::fill_random((*buffer)->at(0), static_cast<std::size_t>(count), seed_++, stream_);
  if (const Trouble trouble = launch_trouble("random numbers")) return *trouble;
  return buffer;
}

Result<std::shared_ptr<Buffer>, std::string> Device::upload(const std::vector<float>& numbers) {
  std::vector<std::uint16_t> bits;
  bits.reserve(numbers.size());
  for (const float number : numbers) bits.push_back(to_bf16(number));
  auto buffer = Buffer::take(Bytes{2.0 * static_cast<double>(bits.size())});
  if (!buffer) return buffer.error();
  const cudaError_t status = cudaMemcpy((*buffer)->at(0), bits.data(), 2 * bits.size(), cudaMemcpyHostToDevice);
  if (const Trouble trouble = cuda_trouble(status, "a copy to the GPU")) return *trouble;
  return buffer;
}

Result<std::vector<float>, std::string> Device::download(const Buffer& buffer, std::size_t count) const {
  std::vector<std::uint16_t> bits(count);
  if (const Trouble trouble = wait()) return *trouble;
  const cudaError_t status = cudaMemcpy(bits.data(), buffer.at(0), 2 * count, cudaMemcpyDeviceToHost);
  if (const Trouble trouble = cuda_trouble(status, "a copy from the GPU")) return *trouble;
  std::vector<float> numbers;
  numbers.reserve(count);
  for (const std::uint16_t b : bits) numbers.push_back(from_bf16(b));
  return numbers;
}

Result<std::vector<float>, std::string> Device::download_fp32(const Buffer& buffer, std::size_t count) const {
  std::vector<float> numbers(count);
  if (const Trouble trouble = wait()) return *trouble;
  const cudaError_t status = cudaMemcpy(numbers.data(), buffer.at(0), 4 * count, cudaMemcpyDeviceToHost);
  if (const Trouble trouble = cuda_trouble(status, "a copy from the GPU")) return *trouble;
  return numbers;
}

}  // namespace ithaca
