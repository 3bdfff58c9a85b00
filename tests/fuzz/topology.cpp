// Networks as XML: topologies of NCCL and GraphML.

#include "configs/reader/graphml.hpp"
#include "configs/reader/nccl_topology.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const auto document = parse_xml("input.xml", fuzz::text_of(data, size));
  if (!fuzz::is_answer(document)) return 0;
  fuzz::is_answer(read_nccl_topology(*document));
  fuzz::is_answer(read_graphml(*document));
  return 0;
}
