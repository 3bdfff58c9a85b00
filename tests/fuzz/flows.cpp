// Flow files.

#include "configs/reader/load_flows.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const auto document = parse_document("input.json", fuzz::text_of(data, size));
  if (fuzz::is_answer(document)) fuzz::is_answer(read_flows(*document));
  return 0;
}
