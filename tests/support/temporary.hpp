#pragma once
// Paths for files of a test's own: tests run side by side as processes, so the process is part of the name.

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace ithaca::test {

inline std::string temporary_path(const std::string& name) {
  return testing::TempDir() + "ithaca-" + std::to_string(getpid()) + "-" + name;
}

}  // namespace ithaca::test
