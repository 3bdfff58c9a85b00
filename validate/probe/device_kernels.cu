#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include "validate/probe/device_kernels.hpp"

namespace ithaca::device {
namespace {

using Number = __nv_bfloat16;
constexpr int kThreads = 256;
constexpr int kWide = 8;  // numbers of one 16-byte access

/// Eight numbers that are loaded and stored at once.
struct alignas(16) Eight {
  Number at[kWide];
};

__device__ Eight load(const void* from, std::int64_t i) { return static_cast<const Eight*>(from)[i]; }
__device__ void store(void* to, std::int64_t i, const Eight& value) { static_cast<Eight*>(to)[i] = value; }
__device__ std::int64_t thread_index() { return static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; }

unsigned blocks_for(std::int64_t items) { return static_cast<unsigned>((items + kThreads - 1) / kThreads); }

/// SplitMix64 (Steele, Lea and Flood, 2014): a hash of the index as random bits.
__global__ void fill_kernel(Number* numbers, std::size_t count, std::uint64_t seed) {
  const std::size_t stride = static_cast<std::size_t>(gridDim.x) * kThreads;
  for (std::size_t i = thread_index(); i < count; i += stride) {
    std::uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    numbers[i] = __float2bfloat16(static_cast<float>(z >> 40) * (2.0f / 16777216.0f) - 1.0f);
  }
}

__global__ void spin_kernel(std::int64_t nanoseconds) {
  std::int64_t start = 0, now = 0;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(start));
  do {
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  } while (now - start < nanoseconds);
}

/// The sum over the block, in every thread.
__device__ float block_sum(float value) {
  __shared__ float partial[kThreads / 32];
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  __syncthreads();
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  float sum = 0;
  for (float part : partial) sum += part;
  return sum;
}

/// One block a row; the second reading of the row comes out of the caches.
template <bool kCentred>
__global__ void norm_kernel(const Number* x, Number* y, std::int64_t columns) {
  constexpr float kEpsilon = 1e-5f;
  const Number* from = x + blockIdx.x * columns;
  Number* to = y + blockIdx.x * columns;
  float sum = 0, square = 0;
  for (std::int64_t i = threadIdx.x; i < columns / kWide; i += kThreads) {
    const Eight in = load(from, i);
    for (const Number number : in.at) {
      const float value = __bfloat162float(number);
      sum += value;
      square += value * value;
    }
  }
  const float count = static_cast<float>(columns);
  const float mean = kCentred ? block_sum(sum) / count : 0;
  const float scale = rsqrtf(block_sum(square) / count - mean * mean + kEpsilon);
  for (std::int64_t i = threadIdx.x; i < columns / kWide; i += kThreads) {
    Eight value = load(from, i);
    for (Number& number : value.at) number = __float2bfloat16((__bfloat162float(number) - mean) * scale);
    store(to, i, value);
  }
}

__global__ void swiglu_kernel(const void* gate_up, void* y, std::int64_t wide, std::int64_t items) {
  const std::int64_t i = thread_index();
  if (i >= items) return;
  const std::int64_t gate_at = i / wide * 2 * wide + i % wide;
  const Eight gate = load(gate_up, gate_at), up = load(gate_up, gate_at + wide);
  Eight out;
  for (int j = 0; j < kWide; ++j) {
    const float g = __bfloat162float(gate.at[j]);
    out.at[j] = __float2bfloat16(g / (1 + __expf(-g)) * __bfloat162float(up.at[j]));
  }
  store(y, i, out);
}

__global__ void gelu_kernel(const void* x, void* y, std::int64_t items) {
  constexpr float kScale = 0.7978845608f;  // sqrt(2 / pi)
  const std::int64_t i = thread_index();
  if (i >= items) return;
  Eight value = load(x, i);
  for (Number& number : value.at) {
    const float v = __bfloat162float(number);
    number = __float2bfloat16(0.5f * v * (1 + tanhf(kScale * (v + 0.044715f * v * v * v))));
  }
  store(y, i, value);
}

__global__ void residual_kernel(const void* x, const void* y, void* sum, std::int64_t items) {
  const std::int64_t i = thread_index();
  if (i >= items) return;
  Eight a = load(x, i);
  const Eight b = load(y, i);
  for (int j = 0; j < kWide; ++j) a.at[j] = __float2bfloat16(__bfloat162float(a.at[j]) + __bfloat162float(b.at[j]));
  store(sum, i, a);
}

/// Rows of `wide` accesses: [outer, inner] to [inner, outer].
__global__ void transpose_rows_kernel(const void* from, void* to, std::int64_t outer, std::int64_t inner,
                                      std::int64_t wide) {
  const std::int64_t i = thread_index();
  if (i >= outer * inner * wide) return;
  const std::int64_t row = i / wide;
  store(to, (row % inner * outer + row / inner) * wide + i % wide, load(from, i));
}

}  // namespace

void fill_random(void* numbers, std::size_t count, std::uint64_t seed, Stream stream) {
  constexpr unsigned kBlocks = 4096;
  fill_kernel<<<kBlocks, kThreads, 0, stream>>>(static_cast<Number*>(numbers), count, seed);
}

void spin(std::int64_t nanoseconds, Stream stream) { spin_kernel<<<1, 1, 0, stream>>>(nanoseconds); }

void rms_norm(const void* x, void* y, std::int64_t rows, std::int64_t columns, Stream stream) {
  norm_kernel<false><<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(static_cast<const Number*>(x),
                                                                           static_cast<Number*>(y), columns);
}

void layer_norm(const void* x, void* y, std::int64_t rows, std::int64_t columns, Stream stream) {
  norm_kernel<true><<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(static_cast<const Number*>(x),
                                                                          static_cast<Number*>(y), columns);
}

void swiglu(const void* gate_up, void* y, std::int64_t rows, std::int64_t columns, Stream stream) {
  const std::int64_t wide = columns / kWide, items = rows * wide;
  swiglu_kernel<<<blocks_for(items), kThreads, 0, stream>>>(gate_up, y, wide, items);
}

void gelu(const void* x, void* y, std::int64_t rows, std::int64_t columns, Stream stream) {
  const std::int64_t items = rows * columns / kWide;
  gelu_kernel<<<blocks_for(items), kThreads, 0, stream>>>(x, y, items);
}

void residual(const void* x, const void* y, void* sum, std::int64_t rows, std::int64_t columns, Stream stream) {
  const std::int64_t items = rows * columns / kWide;
  residual_kernel<<<blocks_for(items), kThreads, 0, stream>>>(x, y, sum, items);
}

void pack(const void* from, void* to, std::int64_t tokens, std::int64_t ranks, std::int64_t width, Stream stream) {
  const std::int64_t wide = width / kWide;
  transpose_rows_kernel<<<blocks_for(tokens * ranks * wide), kThreads, 0, stream>>>(from, to, tokens, ranks, wide);
}

void unpack(const void* from, void* to, std::int64_t tokens, std::int64_t ranks, std::int64_t width, Stream stream) {
  const std::int64_t wide = width / kWide;
  transpose_rows_kernel<<<blocks_for(tokens * ranks * wide), kThreads, 0, stream>>>(from, to, ranks, tokens, wide);
}

}  // namespace ithaca::device
