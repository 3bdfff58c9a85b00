// Whatever --fabric takes: a kind, a map, or a file in any format.

#include "configs/reader/load_fabric.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const fuzz::MemoryFile file(data, size);
  fuzz::is_answer(load_fabric(file.path(), nullptr));
  const std::string text = fuzz::text_of(data, size);
  if (text.starts_with("{") && text.find("file") == text.npos) fuzz::is_answer(load_fabric(text, nullptr));
  return 0;
}
