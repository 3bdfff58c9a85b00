// Kernel curves, tables of measured kernels and of measured attention.

#include "configs/reader/load_attention.hpp"
#include "configs/reader/load_kernels.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const auto document = parse_document("input.yaml", fuzz::text_of(data, size));
  if (!fuzz::is_answer(document)) return 0;
  fuzz::is_answer(read_kernels(*document));
  fuzz::is_answer(read_kernel_samples(*document));
  fuzz::is_answer(read_attention(*document));
  return 0;
}
