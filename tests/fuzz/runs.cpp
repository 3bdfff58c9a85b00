// Published training runs, read as YAML and as CSV.

#include "configs/reader/load_runs.hpp"
#include "configs/reader/run_tables.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const auto document = parse_document("input.yaml", fuzz::text_of(data, size));
  if (fuzz::is_answer(document)) fuzz::is_answer(read_runs(*document));
  const auto table = csv_runs("input.csv", fuzz::text_of(data, size), "");
  if (fuzz::is_answer(table)) fuzz::is_answer(read_runs(*table));
  return 0;
}
