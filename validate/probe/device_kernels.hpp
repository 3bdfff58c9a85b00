#pragma once
// The probe's own kernels. Pointers are to device memory, numbers bf16, rows packed; columns are multiples of 8. Each
// call enqueues one kernel; whether that worked, cudaGetLastError tells.

#include <cstddef>
#include <cstdint>

struct CUstream_st;

namespace ithaca::device {

using Stream = CUstream_st*;

/// Uniform in [-1, 1), the same for the same seed.
void fill_random(void* numbers, std::size_t count, std::uint64_t seed, Stream stream);
/// Keeps the GPU busy so that what follows is queued before it starts.
void spin(std::int64_t nanoseconds, Stream stream);

void rms_norm(const void* x, void* y, std::int64_t rows, std::int64_t columns, Stream stream);
void layer_norm(const void* x, void* y, std::int64_t rows, std::int64_t columns, Stream stream);
/// Rows of gate and up, `columns` each.
void swiglu(const void* gate_up, void* y, std::int64_t rows, std::int64_t columns, Stream stream);
void gelu(const void* x, void* y, std::int64_t rows, std::int64_t columns, Stream stream);
void residual(const void* x, const void* y, void* sum, std::int64_t rows, std::int64_t columns, Stream stream);
/// [tokens, ranks, width] to [ranks, tokens, width], and back.
void pack(const void* from, void* to, std::int64_t tokens, std::int64_t ranks, std::int64_t width, Stream stream);
void unpack(const void* from, void* to, std::int64_t tokens, std::int64_t ranks, std::int64_t width, Stream stream);

}  // namespace ithaca::device
