#pragma once
// How often messages of each class are sent, received or carried, place by place.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/mix.hpp"

namespace ithaca {

/// Most places have to do with few classes: only those are held.
class MessageCounts {
 public:
  struct Entry {
    std::uint64_t key = kFree, count = 0;  ///< place, then class
    friend bool operator==(const Entry& a, const Entry& b) {
      return static_cast<std::uint32_t>(a.key) == static_cast<std::uint32_t>(b.key) && a.count == b.count;
    }
  };
  /// Of an entry, while the table grows and when it is sorted.
  static constexpr std::size_t kBytes = 6 * sizeof(Entry);

  /// By place: entries in the order of classes. Entries of different places are equal if class and count are.
  struct Rows {
    std::vector<Entry> entries;
    std::vector<std::size_t> begin;

    std::span<const Entry> operator[](std::size_t place) const {
      return std::span(entries).subspan(begin[place], begin[place + 1] - begin[place]);
    }
    std::uint64_t count(std::size_t place, std::uint32_t m) const {
      const auto row = (*this)[place];
      const std::uint64_t key = place << 32 | m;
      const auto found = std::lower_bound(row.begin(), row.end(), key,
                                          [](const Entry& entry, std::uint64_t k) { return entry.key < k; });
      return found != row.end() && found->key == key ? found->count : 0;
    }
  };

  explicit MessageCounts(std::size_t most) : most_(most), slots_(64) {}

  bool fit() const { return size_ <= most_; }
  void add(std::size_t place, std::uint32_t m, std::uint64_t count) {
    if (!fit()) return;
    Entry& entry = find(place << 32 | m);
    entry.count += count;
    if (entry.key != kFree) return;
    entry.key = place << 32 | m;
    if (2 * ++size_ > slots_.size()) grow();
  }
  Rows rows(std::size_t places) {
    std::erase_if(slots_, [](const Entry& entry) { return entry.key == kFree; });
    std::sort(slots_.begin(), slots_.end(), [](const Entry& a, const Entry& b) { return a.key < b.key; });
    Rows rows{std::move(slots_), std::vector<std::size_t>(places + 1, 0)};
    for (const Entry& entry : rows.entries) ++rows.begin[(entry.key >> 32) + 1];
    for (std::size_t p = 0; p < places; ++p) rows.begin[p + 1] += rows.begin[p];
    return rows;
  }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};

  Entry& find(std::uint64_t key) {
    std::size_t slot = mix(key) & (slots_.size() - 1);
    while (slots_[slot].key != kFree && slots_[slot].key != key) slot = (slot + 1) & (slots_.size() - 1);
    return slots_[slot];
  }
  void grow() {
    std::vector<Entry> old(2 * slots_.size());
    old.swap(slots_);
    for (const Entry& entry : old) {
      if (entry.key != kFree) find(entry.key) = entry;
    }
  }

  std::size_t most_, size_ = 0;
  std::vector<Entry> slots_;
};

}  // namespace ithaca
