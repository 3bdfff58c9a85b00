// The embedded files are those of the source tree; names, paths and what is said where neither leads anywhere.

#include "configs/reader/catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "configs/reader/catalogue_data.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

TEST(CatalogueData, HoldsEveryFileOfTheTree) {
  const fs::path root = ITHACA_SOURCE_DIR;
  const std::pair<Kind, const char*> folders[] = {{Kind::model, "configs/models"},
                                                  {Kind::gpu, "hw_profiles/gpus"},
                                                  {Kind::cluster, "hw_profiles/clusters"},
                                                  {Kind::kernels, "hw_profiles/kernels"},
                                                  {Kind::sweep, "configs/sweeps"}};
  for (const auto& [kind, folder] : folders) {
    std::vector<std::string> expected;
    for (const auto& entry : fs::directory_iterator(root / folder)) {
      if (entry.path().extension() == ".yaml") expected.push_back(entry.path().stem().string());
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(catalogue_names(kind), expected) << folder;
    EXPECT_FALSE(expected.empty()) << folder;
  }
  for (const CatalogueFile& file : catalogue()) EXPECT_EQ(file.text, contents(root / file.file)) << file.file;
}

TEST(OpenDocument, ByNameShowsTheFileOfTheTree) {
  const auto document = open_document(Kind::model, "llama-7b");
  ASSERT_TRUE(document) << print(document.error());
  EXPECT_EQ(document->file, "configs/models/llama-7b.yaml");
  EXPECT_FALSE(open_document(Kind::gpu, "llama-7b"));  // names belong to a kind
}

TEST(OpenDocument, AnUnknownNameGetsTheNearest) {
  const auto document = open_document(Kind::model, "lama-7b");
  ASSERT_FALSE(document);
  ASSERT_EQ(document.error().size(), 1u);
  const Diagnostic& d = document.error()[0];
  EXPECT_EQ(d.at.file, "--model");
  EXPECT_EQ(d.what, "there is no model 'lama-7b'");
  EXPECT_EQ(d.hint, "did you mean 'llama-7b'?");
  EXPECT_NE(d.next.find("ithaca inspect"), std::string::npos);
}

class Paths : public testing::Test {
 protected:
  Paths() : folder_(test::temporary_path("catalogue")) {
    fs::create_directories(folder_);
    std::ofstream(folder_ / "own.yaml") << "a: 1\n";
    std::ofstream(folder_ / "plain") << "b: 2\n";
    std::ofstream(folder_ / "large.json") << std::string(kLargestText + 1, ' ');
  }
  ~Paths() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static std::string said(const std::string& path) {
    const auto document = open_document(Kind::model, path);
    return document ? "" : print(document.error());
  }

 private:
  fs::path folder_;
};

TEST_F(Paths, ASlashOrAnEndingMakesAFile) {
  const auto document = open_document(Kind::model, path("own.yaml"));
  ASSERT_TRUE(document) << print(document.error());
  EXPECT_EQ(document->file, path("own.yaml"));
  EXPECT_EQ(document->root.entries.at(0).key.text, "a");
  EXPECT_TRUE(open_document(Kind::model, path("plain")));
  EXPECT_NE(said("nowhere.json").find("error: nowhere.json: there is no such file"), std::string::npos);
}

TEST_F(Paths, AFileOfTheWorkingDirectoryNeedsNoSlash) {
  const fs::path before = fs::current_path();
  fs::current_path(path(""));
  const auto document = open_document(Kind::model, "plain");
  std::ofstream("llama-7b") << "a: 1\n";
  const auto catalogued = open_document(Kind::model, "llama-7b");
  fs::current_path(before);
  ASSERT_TRUE(document) << print(document.error());
  EXPECT_EQ(document->root.entries.at(0).key.text, "b");
  ASSERT_TRUE(catalogued);
  EXPECT_EQ(catalogued->file, "configs/models/llama-7b.yaml") << "the catalogue comes first";
}

TEST_F(Paths, DirectoriesAndLargeFilesAreRefused) {
  EXPECT_EQ(said(path("")), "error: " + path("") + ": this is a directory\nnext: name a file in it\n");
  std::ofstream(path("config.json")) << "{}";
  EXPECT_EQ(said(path("")),
            "error: " + path("") + ": this is a directory\nnext: name a file in it: " + path("config.json") + "\n");
  EXPECT_NE(said(path("large.json")).find("larger than 4 MiB"), std::string::npos);
  EXPECT_NE(said("/dev/null").find("this is no regular file"), std::string::npos);
}

TEST_F(Paths, WhatCannotBeReadSaysSo) {
  // A regular file whose first byte is an I/O error, even for root.
  if (fs::is_regular_file("/proc/self/mem")) {
    EXPECT_NE(said("/proc/self/mem").find("error: /proc/self/mem: cannot be read"), std::string::npos)
        << said("/proc/self/mem");
  }
  fs::permissions(path("plain"), fs::perms::none);
  const bool root = std::ifstream(path("plain")).is_open();
  if (!root) {
    EXPECT_EQ(said(path("plain")), "error: " + path("plain") + ": cannot be read\nnext: check its permissions\n");
  }
}

}  // namespace
}  // namespace ithaca
