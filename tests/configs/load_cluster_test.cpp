#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/load_hardware.hpp"
#include "tests/support/edited_profile.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

LoadedCluster load(std::string_view name) {
  auto cluster = load_cluster(name);
  if (cluster) return *cluster;
  ADD_FAILURE() << print(cluster.error());
  return {};
}

TEST(ClusterCatalogue, HoldsThePromisedClusters) {
  const std::vector<std::string> names = catalogue_names(Kind::cluster);
  const std::set<std::string> known(names.begin(), names.end());
  for (const char* name :
       {"dgx-a100", "dgx-h100", "dgx-h200", "aws-p4d", "aws-p4de", "aws-p5", "aws-p5en", "aws-p6-b200",
        "azure-nd-a100-v4", "azure-nd-h100-v5", "gcp-a3", "gcp-a3-mega", "gb200-nvl72", "roce-oversubscribed",
        "pcie-8gpu-2socket", "dgx-v100", "mi300x-8", "mi355x-8"})
    EXPECT_EQ(known.count(name), 1u) << name;
}

TEST(ClusterCatalogue, UsesEveryGpu) {
  std::set<std::string> used;
  for (const std::string& name : catalogue_names(Kind::cluster)) used.insert(load(name).cluster.gpu.name);
  for (const std::string& gpu : catalogue_names(Kind::gpu)) EXPECT_EQ(used.count(gpu), 1u) << gpu;
}

class EveryCluster : public testing::TestWithParam<std::string> {};

TEST_P(EveryCluster, LoadsWithPossibleValues) {
  const LoadedCluster loaded = load(GetParam());
  const Cluster& c = loaded.cluster;
  EXPECT_EQ(c.name, GetParam());
  EXPECT_FALSE(loaded.description.empty());
  EXPECT_GT(c.port_achieved.value(), 0);
  EXPECT_LE(c.port_achieved, c.port_peak);
  EXPECT_GT(c.port_achieved_all_to_all.value(), 0);
  EXPECT_LE(c.port_achieved_all_to_all, c.port_peak);
  EXPECT_LE(c.port_achieved_nvls, c.port_peak * 2);
  EXPECT_GE(c.nic_latency.value(), 0);
  EXPECT_LT(c.nic_latency.value(), 1e-4);
  EXPECT_GT(c.price_per_gpu_hour.value(), 0.1);
  EXPECT_LT(c.price_per_gpu_hour.value(), 40);
  EXPECT_EQ(loaded.price_date.substr(0, 2), "20");
  int inner = 0;
  for (const Domain& domain : c.domains) {
    EXPECT_GT(domain.gpus, inner);
    EXPECT_EQ(domain.gpus % std::max(1, inner), 0);
    EXPECT_GT(domain.achieved.value(), 0);
    EXPECT_LE(domain.achieved, domain.peak);
    EXPECT_LE(domain.achieved_all_to_all, domain.peak);
    EXPECT_EQ(domain.ports > 0, domain.uplink == Domain::Uplink::nics);
    if (domain.uplink == Domain::Uplink::nics) {
      EXPECT_EQ(domain.gpus, c.node_gpus);
    }
    inner = domain.gpus;
  }
}

TEST_P(EveryCluster, SaysWhereEachFigureComesFrom) {
  const LoadedCluster loaded = load(GetParam());
  std::set<std::string> seen;
  for (const FigureSource& s : loaded.sources) {
    EXPECT_TRUE(seen.insert(s.figure).second) << s.figure << " twice";
    EXPECT_FALSE(s.value.empty()) << s.figure;
    EXPECT_GT(s.source.size(), 10u) << s.figure;
  }
  for (const char* figure : {"scale_up.peak", "scale_up.achieved", "scale_up.achieved_all_to_all", "domain 1.peak",
                             "domain 1.achieved", "nic_latency", "price_per_gpu_hour", "gpu.memory"})
    EXPECT_EQ(seen.count(figure), 1u) << figure;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryCluster, testing::ValuesIn(catalogue_names(Kind::cluster)), test_name);

struct Nics {
  const char* cluster;
  int ports;
  double node_gbps;  ///< Gb/s of the node's NICs together, as the vendor states it
};
// 8 x 200 on DGX A100 and ND A100 v4, 8 x 400 on DGX H100/H200 and ND H100 v5; p4d and p4de "400 Gbps" from 4 cards,
// p5 and p5en "3200 Gbps" from 32 and 16, p6-b200 3200 from 8; A3 High 4 x 200, A3 Mega 8 x 200; GB200 NVL72 400 a GPU.
const Nics kNics[] = {{"dgx-a100", 8, 1600},         {"dgx-h100", 8, 3200},    {"dgx-h200", 8, 3200},
                      {"aws-p4d", 4, 400},           {"aws-p4de", 4, 400},     {"aws-p5", 32, 3200},
                      {"aws-p5en", 16, 3200},        {"aws-p6-b200", 8, 3200}, {"azure-nd-a100-v4", 8, 1600},
                      {"azure-nd-h100-v5", 8, 3200}, {"gcp-a3", 4, 800},       {"gcp-a3-mega", 8, 1600},
                      {"gb200-nvl72", 72, 28800},    {"dgx-v100", 4, 400},     {"roce-oversubscribed", 8, 3200}};

TEST(Cluster, HostMemoryIsOptional) {
  EXPECT_EQ(load("dgx-h100").cluster.host_memory.value(), 2e12);
  EXPECT_EQ(load("aws-p4d").cluster.host_memory.value(), 1152 * 1073741824.0);
  EXPECT_EQ(load("pcie-8gpu-2socket").cluster.host_memory.value(), 0);
}

TEST(Cluster, NicRatesAreTheDocumentedOnes) {
  for (const Nics& nics : kNics) {
    const Cluster c = load(nics.cluster).cluster;
    ASSERT_FALSE(c.domains.empty()) << nics.cluster;
    EXPECT_EQ(c.domains[0].ports, nics.ports) << nics.cluster;
    EXPECT_NEAR(c.domains[0].peak.value() * 8 / 1e9, nics.node_gbps, 1e-6) << nics.cluster;
  }
}

// 3072 GPUs of 50 GB/s each behind 1:7 have 3072 x 50 / 7 = 21943 GB/s to the other pods; 8 pods make 24576 GPUs.
TEST(Cluster, OversubscribedTierHasASeventhOfItsPod) {
  const Cluster c = load("roce-oversubscribed").cluster;
  ASSERT_EQ(c.domains.size(), 2u);
  EXPECT_EQ(c.domains[1].gpus, 3072);
  EXPECT_NEAR(c.domains[1].peak.value(), 3072 * 50e9 / 7, 5e9);
  EXPECT_EQ(c.max_gpus, 8 * 3072);
}

TEST(Cluster, Nvl72IsOneNvlinkDomain) {
  const Cluster c = load("gb200-nvl72").cluster;
  EXPECT_EQ(c.node_gpus, 72);
  EXPECT_EQ(c.cpu, CpuVendor::arm);
  EXPECT_TRUE(c.ll128_across_nodes);
  EXPECT_EQ(c.max_gpus, 0);
}

TEST(Cluster, TwoSocketBoxHasSocketsInsideTheNode) {
  const Cluster c = load("pcie-8gpu-2socket").cluster;
  ASSERT_EQ(c.domains.size(), 2u);
  EXPECT_EQ(c.scale_up, ScaleUp::pcie);
  EXPECT_EQ(c.domains[0].uplink, Domain::Uplink::socket);
  EXPECT_EQ(c.domains[0].gpus, 4);
  EXPECT_EQ(c.node_gpus, 8);
}

// The worst mark of what estimates use: p6-b200 is measured throughout, on p5 the NICs take p5en's rate.
TEST(Cluster, LinkMarkIsTheWorstOfTheAchievedRates) {
  EXPECT_EQ(load("aws-p6-b200").cluster.link_mark, Mark::measured);
  EXPECT_EQ(load("aws-p5").cluster.link_mark, Mark::extrapolated);
}

struct Bad {
  const char* name;
  const char* profile;
  Edit edit;
  const char* what;
  const char* beside = nullptr;  ///< a text of the conflicting line, or null
  const char* at = nullptr;      ///< a text of the reported line, where it is not the edited one
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

class BadCluster : public testing::TestWithParam<Bad> {};

TEST_P(BadCluster, IsReportedAtItsPlace) {
  const Bad& bad = GetParam();
  const EditedProfile file("hw_profiles/clusters/" + std::string(bad.profile) + ".yaml", {bad.edit});
  const auto cluster = load_cluster(file.path());
  ASSERT_FALSE(cluster);
  const Diagnostic& first = cluster.error().front();
  EXPECT_NE(first.what.find(bad.what), std::string::npos) << print(cluster.error());
  EXPECT_EQ(first.at.line, file.line_of(bad.at == nullptr ? bad.edit.with : bad.at)) << print(cluster.error());
  EXPECT_FALSE(first.at.excerpt.empty());
  ASSERT_EQ(first.conflicts.has_value(), bad.beside != nullptr) << print(cluster.error());
  if (first.conflicts) {
    EXPECT_EQ(first.conflicts->line, file.line_of(bad.beside)) << print(cluster.error());
  }
}

const Bad kBad[] = {
    {"achieved_above_peak", "dgx-h100", {"362GBps", "460GBps"}, "achieved 460GBps is above", "450GBps"},
    {"bits_for_bytes", "dgx-h100", {"450GBps", "450Gbps"}, "is above what peak 450Gbps allows", "450Gbps", "362GBps"},
    {"nvls_above_switch", "dgx-h100", {"480GBps", "800GBps"}, "achieved_nvls 800GBps is above", "450GBps"},
    {"nics_above_peak", "dgx-h100", {"370GBps", "401GBps"}, "achieved 401GBps is above", "400GBps"},
    {"all_to_all_above_peak", "dgx-h100", {"368GBps", "0.5TBps"}, "achieved_all_to_all 0.5TBps is above", "400GBps"},
    {"ports_against_rate", "dgx-h100", {"ports: 8", "ports: 1"}, "1 NICs with 400GBps in all", "400GBps"},
    {"ports_uneven", "dgx-h100", {"ports: 8", "ports: 3"}, "3 NICs do not divide among 8 GPUs"},
    {"ports_missing", "dgx-h100", {"    ports: 8\n", ""}, "key 'ports' is missing", nullptr, "uplink: nics"},
    {"ports_of_a_socket", "pcie-8gpu-2socket", {"gpus: 4", "gpus: 4\n    ports: 4"}, "only NICs", nullptr, "ports: 4"},
    {"box_against_domain",
     "dgx-h100",
     {"gpus: 8\n  peak", "gpus: 4\n  peak"},
     "scale_up joins 4 GPUs, but their domain has 8",
     "gpus: 8\n    ports"},
    {"not_a_multiple",
     "roce-oversubscribed",
     {"gpus: 3072", "gpus: 3070"},
     "a domain of 3070 GPUs around domains of 8",
     "gpus: 8\n    ports"},
    {"not_nested",
     "pcie-8gpu-2socket",
     {"gpus: 4", "gpus: 16"},
     "a domain of 8 GPUs around domains of 16",
     "gpus: 16",
     "gpus: 8\n    ports"},
    {"wrong_order", "roce-oversubscribed", {"uplink: tier", "uplink: socket"}, "wrong order", "uplink: nics"},
    {"part_of_a_node",
     "roce-oversubscribed",
     {"max_gpus: 24576", "max_gpus: 24577"},
     "no whole number of nodes of 8",
     "gpus: 8\n  peak"},
    {"unknown_kind", "dgx-h100", {"kind: switched", "kind: switch"}, "'switch' is no value of 'kind'"},
    {"unknown_cpu", "dgx-h100", {"cpu: intel", "cpu: inel"}, "'inel' is no value of 'cpu'"},
    {"unknown_uplink", "dgx-h100", {"uplink: nics", "uplink: nic"}, "'nic' is no value of 'uplink'"},
    {"uplink_missing",
     "dgx-h100",
     {"uplink: nics\n    gpus", "gpus"},
     "'uplink' is missing",
     nullptr,
     "gpus: 8\n    ports"},
    {"bare_latency", "dgx-h100", {"value: 0us", "value: 5"}, "'5'"},
    {"no_currency", "dgx-h100", {"6.155USD", "6.155"}, "'6.155'"},
    {"no_date", "dgx-h100", {"price_date: 2026-10-06", "price_date: October"}, "'October' is no date"},
    {"misspelt_key", "dgx-h100", {"nic_latency:", "nic_latncy:"}, "'nic_latency' is missing", nullptr, "schema"},
    {"schema_of_a_gpu", "dgx-h100", {"cluster/1", "gpu/1"}, "schema 'gpu/1' is not 'cluster/1'"},
    {"no_origin", "dgx-h100", {"450GBps, from: nvlink4", "450GBps"}, "key 'from' is missing"},
    {"a_bare_figure", "dgx-h100", {"{value: 450GBps, from: nvlink4}", "450GBps"}, "'peak' must be a map"},
    {"a_word_for_a_list", "dgx-h100", {"domains:\n", "domains: none\nnothing:\n"}, "'domains' must be a list"},
    {"a_word_for_a_domain",
     "dgx-h100",
     {"domains:\n", "domains:\n  - none\n"},
     "domain 1 is no map",
     nullptr,
     "- none"},
};
INSTANTIATE_TEST_SUITE_P(Reader, BadCluster, testing::ValuesIn(kBad),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Cluster, EveryMistakeIsReportedAtOnce) {
  const EditedProfile file(
      "hw_profiles/clusters/dgx-h100.yaml",
      {{"362GBps", "460GBps"}, {"cpu: intel", "cpu: inel"}, {"0us", "5"}, {"h100-sxm", "h100-smx"}});
  const auto cluster = load_cluster(file.path());
  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().size(), 4u) << print(cluster.error());
}

TEST(Cluster, AnUnknownKeyGetsTheNearestName) {
  const EditedProfile file("hw_profiles/clusters/dgx-h100.yaml", {{"cpu: intel", "cpu: intel\nmax_gpu: 64"}});
  const auto cluster = load_cluster(file.path());
  ASSERT_FALSE(cluster);
  EXPECT_NE(print(cluster.error()).find("'max_gpus'"), std::string::npos) << print(cluster.error());
}

TEST(Cluster, AFileNamesAGpuBesideItself) {
  const EditedProfile gpu("hw_profiles/gpus/h100-sxm.yaml",
                          {{"name: h100-sxm", "name: my-gpu"}, {"79.11GiB", "64GiB"}});
  const std::string path = test::temporary_path("cluster.yaml");
  std::ifstream in(ITHACA_SOURCE_DIR "/hw_profiles/clusters/dgx-h100.yaml");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const std::string wanted = "gpu: h100-sxm";
  text.replace(text.find(wanted), wanted.size(), "gpu: " + gpu.path().substr(gpu.path().rfind('/') + 1));
  std::ofstream(path) << text;
  const Cluster c = load(path).cluster;
  std::remove(path.c_str());
  EXPECT_EQ(c.gpu.name, "my-gpu");
  EXPECT_EQ(c.gpu.memory.value(), 64 * 1073741824.0);
  EXPECT_EQ(c.gpu.gemm_mark, Mark::extrapolated);  // measured on another GPU
}

}  // namespace
}  // namespace ithaca
