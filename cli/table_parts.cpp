#include "cli/table_parts.hpp"

#include "cli/text.hpp"

namespace ithaca {

std::string degree_cell(int size) { return size == 1 ? "-" : std::to_string(size); }

std::string ratio_cell(Seconds time, Seconds bound) { return bound > Seconds{} ? times(time / bound) : "-"; }

}  // namespace ithaca
