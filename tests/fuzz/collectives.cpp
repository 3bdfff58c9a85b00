// What nccl-tests prints, its JSON, and tables of measured collectives. What was read can be written and read again.

#include "configs/reader/load_collectives.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const auto samples = read_collectives("all_reduce.txt", fuzz::text_of(data, size), {});
  if (!fuzz::is_answer(samples)) return 0;
  if (!samples->broken.empty()) fuzz::expect_printable(samples->broken);
  fuzz::is_answer(read_collectives("again.yaml", collectives_yaml(*samples), {}));
  return 0;
}
