#include "configs/reader/device_table.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ithaca {
namespace {

TEST(DeviceTable, ARowThatANicLacksIsItsColumn) {
  const auto table = read_device_table(
      {"m.txt", "text before\n     GPU0 GPU1 NIC0 CPU Affinity\nGPU0 X NV4 PHB 0-15\nGPU1 NV4 X SYS N/A\nafter\n", {}});
  ASSERT_TRUE(table) << print(table.error());
  EXPECT_EQ(table->names, (std::vector<std::string>{"GPU0", "GPU1", "NIC0"}));
  EXPECT_EQ(table->affinity, (std::vector<std::string>{"0-15", "", ""}));
  EXPECT_EQ(table->pairs[0][1], (DevicePair{Nearness::nvlink, 4}));
  EXPECT_EQ(table->pairs[1][0], table->pairs[0][1]);
  EXPECT_EQ(table->pairs[2][0], (DevicePair{Nearness::phb, 0}));
  EXPECT_EQ(table->pairs[2][1], table->pairs[1][2]);
}

void expect_said(const std::string& text, const std::vector<std::string>& parts) {
  const auto loaded = read_device_table({"m.txt", text, {}});
  ASSERT_FALSE(loaded);
  for (const std::string& part : parts)
    EXPECT_NE(print(loaded.error()).find(part), std::string::npos) << part << " is not in\n" << print(loaded.error());
}

TEST(DeviceTable, MistakesHaveTheirPlaces) {
  expect_said("GPU0 GPU1\nGPU0 X NVX\nGPU1 PIX PIX\n",
              {"m.txt:2:8", "'NVX' is no connection", "m.txt:3:10", "a device is X to itself"});
  expect_said("GPU0 GPU1\nGPU0 X X\nGPU1 X X\n", {"only a device itself is X"});
  expect_said("GPU0 GPU1 GPU0\nGPU0 X SYS\nGPU0 X SYS SYS\n",
              {"m.txt:1:11", "column GPU0 is there twice", "m.txt:2:8", "this row ends after 2 of 3 columns",
               "row GPU0 is there twice", "there is no row for GPU1"});
  expect_said("GPU0 GPU1\nGPU0 X NV4\nGPU1 PIX X\n",
              {"m.txt:3:6", "GPU1 and GPU0 are joined one way but not the other", "other place: m.txt:2:8"});
  expect_said("GPU0 NIC0\nGPU0 X NV4\n", {"only GPUs have NVLinks"});
  std::string wide = "GPU0";
  for (int i = 1; i < 300; ++i) wide += " GPU" + std::to_string(i);
  expect_said(wide + "\n", {"more than 256 devices"});
}

TEST(DeviceTable, OtherTextsAreNone) {
  for (const char* text : {"", "kind: fat_tree\n", "<system/>", "GPU0: X\n", "GPU0 X NV4\n", "\x1b", "GPU"})
    EXPECT_FALSE(has_device_table(text)) << text;
}

}  // namespace
}  // namespace ithaca
