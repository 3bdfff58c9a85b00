// Cluster profiles with the fabric that they hold.

#include "configs/reader/load_hardware.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const fuzz::MemoryFile file(data, size);
  fuzz::is_answer(load_cluster(file.path()));
  return 0;
}
