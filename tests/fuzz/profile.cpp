// Calibrated profiles, put in place of the figures of the cluster that they name.

#include "configs/reader/load_profile.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  const auto document = parse_document("input.yaml", fuzz::text_of(data, size));
  if (!fuzz::is_answer(document)) return 0;
  const auto profile = read_profile(*document);
  if (!fuzz::is_answer(profile)) return 0;
  static const LoadedCluster kCluster = *load_cluster("dgx-h100");
  LoadedCluster cluster = kCluster;
  if (const Diagnostics problems = apply(*profile, cluster); !problems.empty()) fuzz::expect_printable(problems);
  return 0;
}
