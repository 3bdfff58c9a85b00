// Sweep files, with flags of each sort, and the values of their axes.

#include "configs/reader/axis_values.hpp"
#include "configs/reader/load_sweep.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ithaca;
  constexpr SweepKey kKeys[] = {{"--model"}, {"--strategies"}, {"--tiled-loss", true}, {"--where", false, true}};
  const fuzz::MemoryFile file(data, size);
  const auto sweep = load_sweep(file.path(), kKeys);
  if (!fuzz::is_answer(sweep)) return 0;
  for (const auto& [axis, values] : sweep->axes) (void)parse_axis_values(values);
  return 0;
}
