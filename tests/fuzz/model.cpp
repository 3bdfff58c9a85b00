// Model files and the config.json of Hugging Face. What is read has parameters.

#include "configs/reader/load_model.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const fuzz::MemoryFile file(data, size);
  const auto loaded = load_model(file.path());
  if (fuzz::is_answer(loaded) && !(parameter_count(loaded->model) > 0)) std::abort();
  return 0;
}
