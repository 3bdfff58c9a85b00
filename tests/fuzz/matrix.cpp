// What nvidia-smi topo -m prints.

#include "configs/reader/load_hardware.hpp"
#include "configs/reader/topo_matrix.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  static const LoadedCluster kCluster = *load_cluster("dgx-h100");
  fuzz::is_answer(read_topo_matrix("input.txt", fuzz::text_of(data, size), nullptr));
  fuzz::is_answer(read_topo_matrix("input.txt", fuzz::text_of(data, size), &kCluster.cluster));
  return 0;
}
