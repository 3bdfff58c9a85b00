#include "sim/couplings.hpp"

#include <bit>

namespace ithaca {

/// The entry of the table that has it, or the empty one where it belongs.
std::size_t Couplings::entry(std::uint32_t other) const {
  std::size_t at = home(other);
  while (table_[at] != kEmpty && list_[table_[at]].other != other) at = next(at);
  return at;
}

std::uint32_t Couplings::find(std::uint32_t other) const {
  if (!table_.empty()) return table_[entry(other)];
  for (std::uint32_t i = 0; i < list_.size(); ++i) {
    if (list_[i].other == other) return i;
  }
  return kEmpty;
}

void Couplings::add(std::uint32_t other, double usage) {
  const std::uint32_t found = find(other);
  if (found != kEmpty) {
    list_[found].usage += usage;
    ++list_[found].flows;
    return;
  }
  list_.push_back({usage, other, 1});
  if (list_.size() > kFew && list_.size() * 2 > table_.size()) {
    build_table();
  } else if (!table_.empty()) {
    put(static_cast<std::uint32_t>(list_.size() - 1));
  }
}

void Couplings::drop(std::uint32_t other, double usage) {
  const std::uint32_t found = find(other);
  list_[found].usage -= usage;
  if (--list_[found].flows > 0) return;
  if (!table_.empty()) {
    take(other);
    if (found + 1 < list_.size()) table_[entry(list_.back().other)] = found;
  }
  list_[found] = list_.back();
  list_.pop_back();
}

void Couplings::build_table() {
  table_.assign(4 * std::bit_ceil(list_.size()), kEmpty);
  for (std::uint32_t i = 0; i < list_.size(); ++i) put(i);
}

void Couplings::put(std::uint32_t place) { table_[entry(list_[place].other)] = place; }

/// Those behind it in the table move up where that brings them nearer to their homes.
void Couplings::take(std::uint32_t other) {
  std::size_t hole = entry(other);
  for (std::size_t at = next(hole); table_[at] != kEmpty; at = next(at)) {
    const std::size_t from_home = (at - home(list_[table_[at]].other)) & (table_.size() - 1);
    if (from_home < ((at - hole) & (table_.size() - 1))) continue;
    table_[hole] = table_[at];
    hole = at;
  }
  table_[hole] = kEmpty;
}

}  // namespace ithaca
