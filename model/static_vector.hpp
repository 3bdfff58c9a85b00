#pragma once
// A vector of at most `Capacity` elements without allocation, for the analytic hot path. Only what it holds is copied;
// the rest of its storage is never touched.

#include <cassert>
#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>

namespace ithaca {

template <class T, std::size_t Capacity>
class StaticVector {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  StaticVector() {}
  StaticVector(const StaticVector& other) { *this = other; }
  StaticVector& operator=(const StaticVector& other) {
    if (this == &other) return *this;
    size_ = other.size_;
    if constexpr (Capacity <= kFew) {
      for (std::size_t i = 0; i < size_; ++i) new (storage_ + sizeof(T) * i) T(other[i]);
    } else {
      std::memcpy(storage_, other.storage_, size_ * sizeof(T));
    }
    return *this;
  }

  /// Holds on to what it has when full; debug builds stop there.
  void push_back(const T& item) {
    push_made([&]() -> const T& { return item; });
  }
  /// What `make` returns, built in its place: a copy would wait for what was written just before.
  template <class Make>
  T& push_made(Make make) {
    assert(size_ < Capacity);
    if (size_ == Capacity) return begin()[Capacity - 1];
    return *new (storage_ + sizeof(T) * size_++) T(make());
  }
  template <class... Members>
  T& emplace_back(const Members&... members) {
    return push_made([&] { return T{members...}; });
  }
  /// Keeps the first `size`, which is no more than there are.
  void shrink(std::size_t size) { size_ = size; }
  void clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() { return std::launder(reinterpret_cast<T*>(storage_)); }
  T* end() { return begin() + size_; }
  const T* begin() const { return std::launder(reinterpret_cast<const T*>(storage_)); }
  const T* end() const { return begin() + size_; }
  T& operator[](std::size_t i) { return begin()[i]; }
  const T& operator[](std::size_t i) const { return begin()[i]; }

 private:
  static constexpr std::size_t kFew = 4;  // sooner copied one by one than by a call
  alignas(T) std::byte storage_[sizeof(T) * Capacity];
  std::size_t size_ = 0;
};

}  // namespace ithaca
