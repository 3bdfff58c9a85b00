#pragma once
// Paths for files of a test's own: tests run side by side as processes, so the process is part of the name.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace ithaca::test {

inline std::string temporary_path(const std::string& name) {
  return testing::TempDir() + "ithaca-" + std::to_string(getpid()) + "-" + name;
}

/// The path of a new file with that text.
inline std::string temporary_file(const std::string& name, const std::string& text) {
  const std::string path = temporary_path(name);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
  return path;
}

}  // namespace ithaca::test
