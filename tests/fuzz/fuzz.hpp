#pragma once
// What the fuzzers of readers share. A fuzzer is LLVMFuzzerTestOneInput of one family of readers; what libFuzzer and
// the sanitizers do not see as a fault, such as control characters in a message, ends in abort().

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "configs/reader/diagnostic.hpp"
#include "model/result.hpp"

namespace ithaca::fuzz {

/// The input as text; its own copy, so that AddressSanitizer sees a read beyond its end.
inline std::string text_of(const unsigned char* data, std::size_t size) { return {data, data + size}; }

/// The input as a file in memory, for readers that take a path.
class MemoryFile {
 public:
  MemoryFile(const unsigned char* data, std::size_t size) : descriptor_(memfd_create("input", MFD_CLOEXEC)) {
    for (std::size_t at = 0; at < size;) {
      const ssize_t written = write(descriptor_, data + at, size - at);
      if (written <= 0) std::abort();
      at += static_cast<std::size_t>(written);
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// What a person is told must say something, in bounded length, and leave the terminal alone.
inline void expect_printable(const Diagnostics& problems) {
  const std::string text = print(problems);
  bool good = !problems.empty() && text.size() <= (1u << 20);
  for (const Diagnostic& problem : problems) good = good && !problem.what.empty();
  for (const char c : text) good = good && (static_cast<unsigned char>(c) >= 0x20 || c == '\n') && c != 0x7f;
  if (good) return;
  std::fprintf(stderr, "%zu problems in %zu bytes: '%s'\n", problems.size(), text.size(), text.c_str());
  std::abort();
}

/// A value, or problems fit to print.
template <class T>
bool is_answer(const Result<T, Diagnostics>& result) {
  if (result) return true;
  expect_printable(result.error());
  return false;
}

}  // namespace ithaca::fuzz
