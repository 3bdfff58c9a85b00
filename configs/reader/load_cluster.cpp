#include <cctype>
#include <string>
#include <vector>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/known_errors.hpp"
#include "configs/reader/load_fabric.hpp"
#include "configs/reader/load_hardware.hpp"
#include "configs/reader/profile_figures.hpp"

namespace ithaca {
namespace {

using Rate = Figure<BytesPerSecond>;

/// 2026, 2026-10 or 2026-10-06.
Parsed<std::string> parse_date(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  bool good = text.size() == 4 || text.size() == 7 || text.size() == 10;
  for (std::size_t i = 0; good && i < text.size(); ++i)
    good = kForm[i] == '-' ? text[i] == '-' : std::isdigit(static_cast<unsigned char>(text[i])) != 0;
  if (!good) return UnitError{"'" + std::string(text) + "' is no date", "write 2026-10-06, 2026-10 or 2026"};
  return std::string(text);
}

/// The three rates of a link or uplink, checked against each other.
struct Rates {
  Rate peak, achieved, all_to_all;
};
Rates read_rates(Figures& figures) {
  Rates rates{figures.need("peak", parse_rate), figures.need("achieved", parse_rate),
              figures.need("achieved_all_to_all", parse_rate)};
  figures.at_most("achieved", rates.achieved, "peak", rates.peak);
  figures.at_most("achieved_all_to_all", rates.all_to_all, "peak", rates.peak);
  return rates;
}

class ClusterReader {
 public:
  explicit ClusterReader(const Document& document)
      : document_(document), fields_(document, document.root, "cluster", diagnostics_) {}

  Result<LoadedCluster, Diagnostics> read();

 private:
  void read_scale_up();
  void read_domains();
  Domain read_domain(const Node& node, const std::string& name);
  void check_ports(Fields& fields, const Domain& domain, const Rate& peak);
  void check_nesting();
  void check_size();
  void read_gpu();
  void read_fabric_section();

  const Document& document_;
  Diagnostics diagnostics_;
  Fields fields_;
  const Node* sources_ = nullptr;
  LoadedCluster loaded_;
  Cluster& cluster_ = loaded_.cluster;
  const Node* scale_up_gpus_ = nullptr;
  int box_ = 0;  ///< GPUs of the scale-up domain
  std::vector<const Node*> domain_uplinks_;
  std::vector<const Node*> domain_gpus_;  ///< where each domain states its size
};

void ClusterReader::read_scale_up() {
  const Node* map = fields_.map("scale_up");
  if (map == nullptr) return;
  Fields inside(document_, *map, "scale_up", diagnostics_);
  Figures figures(inside, sources_, "scale_up.", loaded_.sources);
  cluster_.scale_up = static_cast<ScaleUp>(choose(inside, "kind", {"switched", "mesh", "pcie"}));
  scale_up_gpus_ = inside.node("gpus");
  box_ = static_cast<int>(inside.need("gpus", parse_devices));
  const Rates rates = read_rates(figures);
  cluster_.port_peak = rates.peak.value;
  cluster_.port_achieved = rates.achieved.value;
  cluster_.port_achieved_all_to_all = rates.all_to_all.value;
  cluster_.link_mark = worst(rates.achieved.mark, rates.all_to_all.mark);
  const Rate nvls = figures.maybe("achieved_nvls", parse_rate);
  cluster_.port_achieved_nvls = nvls.value;
  // The switch adds up, so a port carries the buffer once: bus bandwidth is at most 2 (n-1)/n times the port's.
  if (box_ > 0)
    figures.at_most("achieved_nvls", nvls, "peak", rates.peak, rates.peak.value * (2 * (box_ - 1.0) / box_));
  inside.finish();
}

void ClusterReader::check_ports(Fields& fields, const Domain& domain, const Rate& peak) {
  const Node* ports = fields.node("ports");
  if (domain.uplink != Domain::Uplink::nics) {
    if (ports != nullptr) fields.problem(*ports, "only NICs have 'ports'", "", "leave it out, or set uplink: nics");
    return;
  }
  if (fields.needed_node("ports") == nullptr || domain.ports < 1 || peak.node == nullptr) return;
  if (domain.gpus % domain.ports != 0 && domain.ports % domain.gpus != 0)
    fields.problem(*ports,
                   std::to_string(domain.ports) + " NICs do not divide among " + std::to_string(domain.gpus) + " GPUs",
                   "", "give each GPU as many NICs, or each NIC as many GPUs");
  const double gbps = peak.value.value() * 8 / 1e9 / domain.ports;
  for (const double speed : {10., 25., 40., 56., 100., 200., 400., 800., 1600.})
    if (gbps > speed * 0.99 && gbps < speed * 1.01) return;
  if (peak.value.value() > 0)
    fields.conflict(*ports, *peak.node,
                    std::to_string(domain.ports) + " NICs with " + peak.text + " in all are no usual speed each",
                    "the rate is that of all NICs together: 8 x 400Gbps is 400GBps (bytes)");
}

Domain ClusterReader::read_domain(const Node& node, const std::string& name) {
  Domain domain;
  Fields inside(document_, node, name, diagnostics_);
  Figures figures(inside, sources_, name + ".", loaded_.sources);
  domain.uplink = static_cast<Domain::Uplink>(choose(inside, "uplink", {"socket", "nics", "tier"}));
  domain_uplinks_.push_back(inside.node("uplink"));
  domain_gpus_.push_back(inside.node("gpus"));
  domain.gpus = static_cast<int>(inside.need("gpus", parse_devices));
  domain.ports = static_cast<int>(inside.maybe("ports", parse_devices).value_or(0));
  const Rates rates = read_rates(figures);
  domain.peak = rates.peak.value;
  domain.achieved = rates.achieved.value;
  domain.achieved_all_to_all = rates.all_to_all.value;
  cluster_.link_mark = worst(cluster_.link_mark, worst(rates.achieved.mark, rates.all_to_all.mark));
  if (domain.gpus > 0) check_ports(inside, domain, rates.peak);
  inside.finish();
  return domain;
}

void ClusterReader::read_domains() {
  if (!fields_.has("domains")) return;
  const Node* list = fields_.sequence("domains");
  if (list == nullptr) return;
  constexpr std::size_t kMost = 4;
  if (list->items.size() > kMost)
    fields_.problem(list->items[kMost], "more than 4 domains", "", "leave out those that never limit the traffic");
  for (std::size_t i = 0; i < list->items.size() && i < kMost; ++i) {
    const Node& item = list->items[i];
    const std::string name = "domain " + std::to_string(i + 1);
    if (item.kind != Node::Kind::map) {
      fields_.problem(item, name + " is no map", "", "write - uplink: nics and its other keys below");
      return;
    }
    cluster_.domains.push_back(read_domain(item, name));
  }
}

/// Each domain holds whole domains of the one before; sockets are inside the node, tiers around it.
void ClusterReader::check_nesting() {
  const auto& domains = cluster_.domains;
  for (std::size_t i = 1; i < domains.size(); ++i) {
    const Domain &inner = domains[i - 1], &outer = domains[i];
    if (domain_gpus_[i] == nullptr || domain_gpus_[i - 1] == nullptr || inner.gpus < 1 || outer.gpus < 1) continue;
    if (outer.gpus <= inner.gpus || outer.gpus % inner.gpus != 0)
      fields_.conflict(
          *domain_gpus_[i], *domain_gpus_[i - 1],
          "a domain of " + std::to_string(outer.gpus) + " GPUs around domains of " + std::to_string(inner.gpus),
          "list domains from inner to outer, each a multiple of the one before");
    if (domain_uplinks_[i] == nullptr || domain_uplinks_[i - 1] == nullptr) continue;
    if (outer.uplink < inner.uplink || (outer.uplink == inner.uplink && outer.uplink == Domain::Uplink::nics))
      fields_.conflict(*domain_uplinks_[i], *domain_uplinks_[i - 1], "these domains are in the wrong order",
                       "list sockets first, then the node with its NICs, then tiers");
  }
  if (domains.empty() || scale_up_gpus_ == nullptr || box_ < 1) return;
  std::size_t box = 0;  // PCIe: sockets lie inside the box
  if (cluster_.scale_up == ScaleUp::pcie)
    while (box + 1 < domains.size() && domains[box].uplink == Domain::Uplink::socket) ++box;
  if (domain_gpus_[box] != nullptr && domains[box].gpus >= 1 && domains[box].gpus != box_)
    fields_.conflict(
        *scale_up_gpus_, *domain_gpus_[box],
        "scale_up joins " + std::to_string(box_) + " GPUs, but their domain has " + std::to_string(domains[box].gpus),
        "make both the number of GPUs that reach each other without passing an uplink");
}

void ClusterReader::check_size() {
  cluster_.node_gpus = box_;
  for (const Domain& domain : cluster_.domains)
    if (domain.uplink == Domain::Uplink::nics) cluster_.node_gpus = domain.gpus;
  const Node* max = fields_.node("max_gpus");
  cluster_.max_gpus = static_cast<int>(fields_.maybe("max_gpus", parse_devices).value_or(0));
  if (max == nullptr || cluster_.max_gpus < 1 || cluster_.node_gpus < 1 || scale_up_gpus_ == nullptr) return;
  if (cluster_.max_gpus % cluster_.node_gpus != 0)
    fields_.conflict(*max, *scale_up_gpus_,
                     std::to_string(cluster_.max_gpus) + " GPUs are no whole number of nodes of " +
                         std::to_string(cluster_.node_gpus),
                     "count whole nodes");
}

void ClusterReader::read_gpu() {
  const std::string name = fields_.text("gpu");
  if (name.empty()) return;
  const auto gpu = load_gpu(beside(document_, name));
  if (!gpu) {
    diagnostics_.insert(diagnostics_.end(), gpu.error().begin(), gpu.error().end());
    return;
  }
  cluster_.gpu = gpu->gpu;
  loaded_.attention = gpu->attention;
  loaded_.uncertainty = gpu->uncertainty;
  loaded_.uncertainty.server_links = catalogue_links(false);
  loaded_.uncertainty.network_links = catalogue_links(true);
  loaded_.sources.insert(loaded_.sources.end(), gpu->sources.begin(), gpu->sources.end());
}

void ClusterReader::read_fabric_section() {
  if (!fields_.has("fabric")) return;
  const Node* map = fields_.map("fabric");
  if (map == nullptr) return;
  Fields inside(document_, *map, "fabric", diagnostics_);
  LoadedFabric fabric = read_fabric(document_, inside, &cluster_, diagnostics_);
  FigureSource origin{"fabric", std::string(name(fabric.spec.kind)), Mark::datasheet, ""};
  std::string note;
  inside.read_origin(sources_, origin.source, origin.mark, note);
  inside.finish();
  for (const Entry& entry : map->entries) {
    const std::string& key = entry.key.text;
    if (entry.value.kind == Node::Kind::scalar && key != "kind" && key != "from" && key != "mark" && key != "note")
      origin.value += ", " + key + " " + entry.value.text;
  }
  if (!note.empty()) origin.source += " (" + note + ")";
  loaded_.sources.push_back(std::move(origin));
  loaded_.fabric = std::move(fabric.spec);
  loaded_.fabric_notices = std::move(fabric.notices);
}

Result<LoadedCluster, Diagnostics> ClusterReader::read() {
  check_schema(fields_, "cluster");
  loaded_.file = document_.file;
  cluster_.name = fields_.text("name");
  loaded_.description = fields_.text_or("description", "");
  sources_ = fields_.map("sources");
  read_scale_up();
  read_domains();
  check_nesting();
  check_size();
  Figures figures(fields_, sources_, "", loaded_.sources);
  cluster_.cpu = static_cast<CpuVendor>(choose(fields_, "cpu", {"intel", "amd", "arm"}));
  cluster_.ll128_across_nodes = fields_.maybe("ll128_across_nodes", parse_flag).value_or(true);
  cluster_.nic_latency = figures.need("nic_latency", parse_seconds).value;
  cluster_.host_memory = figures.maybe("host_memory", parse_bytes).value;
  cluster_.price_per_gpu_hour = figures.need("price_per_gpu_hour", parse_dollars).value;
  loaded_.price_date = fields_.need("price_date", parse_date);
  read_gpu();
  read_fabric_section();
  fields_.finish();
  if (!diagnostics_.empty()) return diagnostics_;
  return loaded_;
}

}  // namespace

Result<LoadedCluster, Diagnostics> load_cluster(std::string_view name_or_path) {
  const auto document = open_document(Kind::cluster, name_or_path);
  if (!document) return document.error();
  return ClusterReader(*document).read();
}

}  // namespace ithaca
