#include "configs/reader/load_flows.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

Result<LoadedFlows, Diagnostics> read(const std::string& text) {
  const auto document = parse_document("flows.yaml", text);
  if (!document) return document.error();
  return read_flows(*document);
}

/// A file with one case.
Result<LoadedFlows, Diagnostics> read_one(const std::string& links, const std::string& flows) {
  return read("format: 1\ncases:\n  - name: x\n    links: " + links + "\n    flows: " + flows + "\n");
}

std::string problems(const Result<LoadedFlows, Diagnostics>& loaded) { return loaded ? "" : print(loaded.error()); }

void expect_said(const Result<LoadedFlows, Diagnostics>& loaded, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(problems(loaded).find(part), std::string::npos) << part << " is not in\n" << problems(loaded);
}

TEST(LoadFlows, ReadsEverything) {
  const auto loaded = read(R"({"format": 1, "note": "n", "units": {"time": "s", "capacity": "bytes/s"}, "cases": [
    {"name": "two", "why": "w", "makespan": 4,
     "links": [{"id": "up", "capacity": 10, "latency": 1e-06}, {"id": "down", "capacity": 2.5e1}],
     "flows": [{"id": "a", "start": 0.5, "bytes": 20, "path": ["down", "up"], "finish": 4, "after": ["b"]},
               {"id": "b", "bytes": 3, "path": [], "rate_cap": 7, "delay": 0.25}]},
    {"name": "none", "links": [], "flows": []}]})");
  ASSERT_TRUE(loaded) << problems(loaded);
  EXPECT_EQ(loaded->file, "flows.yaml");
  ASSERT_EQ(loaded->cases.size(), 2u);
  const LoadedFlowCase& two = loaded->cases[0];
  EXPECT_EQ(two.flows.name, "two");
  EXPECT_EQ(two.flows.links, (std::vector<std::string>{"up", "down"}));
  EXPECT_EQ(two.flow_ids, (std::vector<std::string>{"a", "b"}));
  const FlowSystem& system = two.flows.system;
  EXPECT_EQ(system.capacity, (std::vector<BytesPerSecond>{BytesPerSecond{10}, BytesPerSecond{25}}));
  EXPECT_EQ(system.latency, (std::vector<Seconds>{Seconds{1e-6}, Seconds{0}}));
  EXPECT_EQ(system.size, (std::vector<Bytes>{Bytes{20}, Bytes{3}}));
  EXPECT_EQ(system.start, (std::vector<Seconds>{Seconds{0.5}, Seconds{0}}));
  EXPECT_EQ(system.delay, (std::vector<Seconds>{Seconds{0}, Seconds{0.25}}));
  EXPECT_EQ(system.rate_cap, (std::vector<BytesPerSecond>{BytesPerSecond{0}, BytesPerSecond{7}}));
  EXPECT_EQ(system.route.items, (std::vector<std::uint32_t>{1, 0}));
  EXPECT_EQ(system.route.begin, (std::vector<std::uint32_t>{0, 2, 2}));
  EXPECT_EQ(system.after.items, std::vector<std::uint32_t>{1});
  EXPECT_EQ(system.after.begin, (std::vector<std::uint32_t>{0, 1, 1}));
  EXPECT_EQ(two.finish[0], Seconds{4});
  EXPECT_EQ(two.finish[1], std::nullopt);
  EXPECT_TRUE(loaded->cases[1].flows.links.empty());
}

TEST(LoadFlows, WithoutIdsNumbersAreNames) {
  const auto loaded =
      read_one("[{capacity: 1}, {capacity: 2}]", "[{bytes: 1, path: [1]}, {bytes: 1, path: [0], after: [0]}]");
  ASSERT_TRUE(loaded) << problems(loaded);
  EXPECT_EQ(loaded->cases[0].flows.links, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(loaded->cases[0].flows.system.route.items, (std::vector<std::uint32_t>{1, 0}));
  EXPECT_EQ(loaded->cases[0].flows.system.after.items, std::vector<std::uint32_t>{0});
}

TEST(LoadFlows, CapacitiesSizesAndTimes) {
  for (const char* bad : {"0", "-1", "-0"}) {
    expect_said(read_one("[{capacity: " + std::string(bad) + "}]", "[]"),
                {"flows.yaml:4:24", "'capacity' in link 1: '" + std::string(bad) + "' is not above zero"});
  }
  for (const char* bad : {"NaN", ".nan", "inf", "1e999", "ten", "1 0"}) {
    expect_said(read_one("[{capacity: " + std::string(bad) + "}]", "[]"), {"'" + std::string(bad) + "' is no number"});
  }
  expect_said(read_one("[{capacity: '5'}]", "[]"), {"'capacity' in link 1 is text, since it is in quotes"});
  expect_said(read_one("[{capacity: 1, latency: -1}]",
                       "[{bytes: -2, start: -3, delay: -4, rate_cap: 0, finish: -5, path: [0]}]"),
              {"'latency' in link 1: '-1' is negative", "'bytes' in flow 1: '-2' is negative",
               "'start' in flow 1: '-3' is negative", "'delay' in flow 1: '-4' is negative",
               "'rate_cap' in flow 1: '0' is not above zero", "'finish' in flow 1: '-5' is negative"});
  EXPECT_TRUE(read_one("[{capacity: 1}]", "[{bytes: 0, path: [0]}]"));
}

TEST(LoadFlows, NamesThatAreNotThere) {
  const auto loaded = read_one("[{id: uplink, capacity: 1}]",
                               "[{id: a, bytes: 1, path: [uplnk]}, {bytes: 1, path: [[uplink]], after: [b]}]");
  expect_said(loaded, {"there is no link 'uplnk' in this case", "did you mean 'uplink'?", "there is no link ''",
                       "there is no flow 'b' in this case"});
  EXPECT_EQ(loaded.error().size(), 3u);
  expect_said(read_one("[{capacity: 1}]", "[{bytes: 1, path: [1]}]"), {"there is no link '1' in this case"});
}

TEST(LoadFlows, NamesThatAreThereTwice) {
  expect_said(read_one("[{id: a, capacity: 1}, {id: a, capacity: 1}]", "[]"),
              {"link 'a' is there twice", "flows.yaml:4:18"});
  expect_said(read_one("[{capacity: 1}, {id: '0', capacity: 1}]", "[]"),
              {"link '0' is there twice", "without an id is called by its number"});
  expect_said(read_one("[]", "[{id: f, bytes: 1, path: []}, {id: f, bytes: 1, path: []}]"),
              {"flow 'f' is there twice"});
  expect_said(read_one("[{capacity: 1}]", "[{bytes: 1, path: [0, 0]}]"), {"the path crosses this link twice"});
  expect_said(read_one("[]", "[{bytes: 1, path: []}, {bytes: 1, path: [], after: [0, 0]}]"),
              {"the flow waits for this one twice"});
}

TEST(LoadFlows, MissingAndUnknownKeys) {
  expect_said(read("cases: []\n"), {"key 'format' is missing", "no case in this file"});
  expect_said(read("format: 2\ncases: [{}]\n"),
              {"format '2' is not read here", "key 'name' is missing in case 1", "key 'links' is missing in case 1",
               "key 'flows' is missing in case 1"});
  expect_said(read_one("[{id: a}]", "[{}, 7]"),
              {"key 'capacity' is missing in link 1", "key 'bytes' is missing in flow 1",
               "key 'path' is missing in flow 1", "flow 2 is no map"});
  expect_said(read_one("[{capacty: 5}]", "[]"), {"unknown key 'capacty' in link 1", "did you mean 'capacity'?"});
  expect_said(read_one("[]", "[{bytes: 1, path: a, after: b}]"), {"'path' must be a list", "'after' must be a list"});
}

TEST(LoadFlows, OtherUnitsWouldBeMisread) {
  expect_said(read("format: 1\nunits: {capacity: Gbit/s, mass: kg}\ncases: [{name: x, links: [], flows: []}]\n"),
              {"'capacity' is read in bytes/s, not in 'Gbit/s'", "unknown key 'mass'"});
}

TEST(LoadFlows, FilesThatAreNotThere) {
  const auto loaded = load_flows("/no/such/flows.json");
  expect_said(loaded, {"error: /no/such/flows.json: there is no such file"});
}

}  // namespace
}  // namespace ithaca
