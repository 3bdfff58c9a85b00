// Lengths of documents, from a file and as typed.

#include "configs/reader/load_documents.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const fuzz::MemoryFile file(data, size);
  fuzz::is_answer(load_documents("--documents", file.path()));
  const std::string text = fuzz::text_of(data, size);
  if (!text.empty() && text[0] >= '0' && text[0] <= '9') fuzz::is_answer(load_documents("--documents", text));
  return 0;
}
