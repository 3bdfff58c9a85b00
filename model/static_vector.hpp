#pragma once
// A vector of at most `Capacity` elements without allocation, for the analytic hot path.

#include <cassert>
#include <cstddef>

namespace ithaca {

template <class T, std::size_t Capacity>
class StaticVector {
 public:
  void push_back(const T& item) {
    assert(size_ < Capacity);
    if (size_ < Capacity) items_[size_++] = item;
  }
  void clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() { return items_; }
  T* end() { return items_ + size_; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }
  T& operator[](std::size_t i) { return items_[i]; }
  const T& operator[](std::size_t i) const { return items_[i]; }

 private:
  T items_[Capacity];
  std::size_t size_ = 0;
};

}  // namespace ithaca
