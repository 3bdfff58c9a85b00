#include "configs/reader/nccl_topology.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <set>

#include "configs/reader/nccl_rates.hpp"
#include "configs/reader/server_graph.hpp"

namespace ithaca {
namespace {

/// PCI classes by their first digits.
constexpr std::string_view kGpuClass = "0x03", kNicClass = "0x02", kNvswitchClass = "0x0680", kCpuClass = "0x068001";

constexpr std::size_t kMostCpus = 256;

/// A bus id without its punctuation and leading zeros, as NCCL compares them.
std::string bus_key(const std::string& busid) {
  std::string key;
  for (const char c : busid) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0 && !(key.empty() && c == '0'))
      key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return key;
}

std::string text_of(const XmlElement& element, std::string_view key) {
  const Node* node = element.attribute(key);
  return node == nullptr ? "" : node->text;
}

const XmlElement* find_child(const XmlElement& element, std::string_view name) {
  for (const XmlElement& child : element.children) {
    if (child.name.text == name) return &child;
  }
  return nullptr;
}

enum class Device { gpu, nic, nvswitch, bridge };
Device device_of(const XmlElement& pci) {
  const std::string device = text_of(pci, "class");
  if (find_child(pci, "gpu") != nullptr) return Device::gpu;
  if (find_child(pci, "nic") != nullptr || device.starts_with(kNicClass)) return Device::nic;
  if (device.starts_with(kGpuClass)) return Device::gpu;
  return device.starts_with(kNvswitchClass) ? Device::nvswitch : Device::bridge;
}

/// Of a port, in Mb/s; NCCL writes -1 for one it does not know.
Parsed<double> parse_megabits(std::string_view text) {
  auto speed = parse_number(text);
  if (speed && *speed > 1e9)
    return UnitError{"'" + std::string(text) + "' Mb/s is more than any port has", "write 400000 for 400 Gb/s"};
  return speed;
}

class TopologyReader {
 public:
  TopologyReader(const XmlDocument& document, Diagnostics& diagnostics)
      : document_(document), diagnostics_(diagnostics) {}

  LoadedGraph read() {
    const XmlElement& system = document_.root;
    const Node* version = system.attribute("version");
    if (version != nullptr && version->text != "1" && version->text != "2")
      problem(*version, "version '" + version->text + "' is not read here", "give version 1 (NCCL) or 2 (RCCL)");
    add_gpus(system);
    for (const XmlElement& child : system.children) {
      if (child.name.text == "cpu") {
        add_cpu(child);
      } else {
        leave_out(child);
      }
    }
    for (const Pending& link : pending_) add_pending(link);
    join_cpus();
    return std::move(graph_).finish();
  }

 private:
  using Wire = ServerGraph::Wire;
  struct Cpu {
    std::uint32_t node;
    int host;
    BytesPerSecond rate;  ///< to other CPUs
  };
  /// A link to a device that may stand further down.
  struct Pending {
    const XmlElement* element;
    const XmlElement* gpu;  ///< null for pcilink
    std::uint32_t from;
    Cpu cpu;
  };

  void problem(const Node& at, std::string what, std::string next) {
    constexpr std::size_t kMostProblems = 50;
    if (diagnostics_.size() < kMostProblems)
      diagnostics_.push_back({document_.source.place(at), std::move(what), "", std::move(next), std::nullopt});
  }
  void leave_out(const XmlElement& element) {
    graph_.notice("<" + element.name.text + "> is not known here and was left out");
  }
  Fields fields_of(const XmlElement& element) {
    return {document_.source, element.attributes, "<" + element.name.text + ">", diagnostics_};
  }

  static void find_gpus(const XmlElement& element, std::vector<const XmlElement*>& found) {
    for (const XmlElement& child : element.children) {
      if (child.name.text != "pci" && child.name.text != "cpu") continue;
      const Device device = child.name.text == "cpu" ? Device::bridge : device_of(child);
      if (device == Device::gpu) found.push_back(&child);
      if (device == Device::bridge) find_gpus(child, found);
    }
  }

  /// Ranks first, so that nodes follow their order.
  void add_gpus(const XmlElement& system) {
    std::vector<const XmlElement*> gpus;
    find_gpus(system, gpus);
    std::map<const XmlElement*, std::int64_t> ranks;
    std::set<std::int64_t> distinct;
    for (const XmlElement* pci : gpus) {
      const XmlElement* gpu = find_child(*pci, "gpu");
      if (gpu == nullptr || gpu->attribute("rank") == nullptr) continue;
      ranks[pci] = fields_of(*gpu).need("rank", parse_count);
      if (!distinct.insert(ranks[pci]).second)
        problem(*gpu->attribute("rank"), "rank " + text_of(*gpu, "rank") + " is there twice", "number the GPUs from 0");
    }
    if (ranks.size() == gpus.size())
      std::stable_sort(gpus.begin(), gpus.end(), [&](auto* a, auto* b) { return ranks[a] < ranks[b]; });
    for (const XmlElement* pci : gpus) gpu_nodes_[pci] = graph_.add_node(NodeKind::gpu, -1);
    if (gpus.empty())
      problem(system.name, "no GPU in this topology", "give a file with GPUs: <pci> of class 0x0302 or 0x0380");
  }

  void add_cpu(const XmlElement& element) {
    const std::string hash = text_of(element, "host_hash");
    const int host = hosts_.emplace(hash, static_cast<int>(hosts_.size())).first->second;
    Fields fields = fields_of(element);
    const auto family = static_cast<int>(fields.maybe("familyid", parse_count).value_or(0));
    const auto model = static_cast<int>(fields.maybe("modelid", parse_count).value_or(0));
    const BytesPerSecond rate = nccl::cpu_rate(text_of(element, "arch"), text_of(element, "vendor"), family, model);
    if (cpus_.size() == kMostCpus) problem(element.name, "more than 256 CPUs", "give the topology of one server");
    if (cpus_.size() >= kMostCpus) return;
    cpus_.push_back({graph_.add_node(NodeKind::cpu, host), host, rate});
    add_children(element, cpus_.back().node, cpus_.back());
  }

  void add_children(const XmlElement& element, std::uint32_t parent, const Cpu& cpu) {
    for (const XmlElement& child : element.children) {
      if (child.name.text == "pci") {
        add_pci(child, parent, cpu);
      } else if (child.name.text == "nic") {
        const BytesPerSecond ports = port_rate(child);
        graph_.add_cable(parent, graph_.add_node(NodeKind::nic, cpu.host),
                         ports > BytesPerSecond{} ? ports : nccl::kLocalRate, Wire::pcie);
      } else if (child.name.text == "pcilink") {
        pending_.push_back({&child, nullptr, parent, cpu});
      } else {
        leave_out(child);
      }
    }
  }

  BytesPerSecond slot_rate(Fields& fields, const XmlElement& pci) const {
    const double lanes = static_cast<double>(fields.maybe("link_width", parse_count).value_or(0));
    return nccl::pcie_rate(std::strtod(text_of(pci, "link_speed").c_str(), nullptr), lanes);
  }

  void add_pci(const XmlElement& pci, std::uint32_t parent, const Cpu& cpu) {
    Fields fields = fields_of(pci);
    fields.needed_node("busid");
    const BytesPerSecond slot = slot_rate(fields, pci);
    switch (device_of(pci)) {
      case Device::gpu: add_gpu(pci, parent, cpu, slot); break;
      case Device::nic: {
        const XmlElement* nic = find_child(pci, "nic");
        const BytesPerSecond ports = nic == nullptr ? BytesPerSecond{} : port_rate(*nic);
        const BytesPerSecond rate = ports > BytesPerSecond{} ? min(ports, slot) : slot;
        graph_.add_cable(graph_.add_node(NodeKind::nic, cpu.host), parent, rate, Wire::pcie);
        break;
      }
      case Device::nvswitch: break;  // its PCI function carries no traffic
      case Device::bridge: {
        const std::uint32_t node = graph_.add_node(NodeKind::pcie_switch, cpu.host);
        graph_.add_cable(node, parent, slot, Wire::pcie);
        remember(fields, node, cpu.host);
        add_children(pci, node, cpu);
      }
    }
  }

  void add_gpu(const XmlElement& pci, std::uint32_t parent, const Cpu& cpu, BytesPerSecond slot) {
    Fields fields = fields_of(pci);
    const std::uint32_t node = gpu_nodes_.at(&pci);
    graph_.set_host(node, cpu.host);
    graph_.add_cable(node, parent, slot, Wire::pcie);
    remember(fields, node, cpu.host);
    add_gpu_links(pci, node, cpu);
  }

  void remember(Fields& fields, std::uint32_t node, int host) {
    const Node* at = fields.node("busid");
    if (at == nullptr) return;
    const std::string& busid = at->text;
    const bool is_new = devices_.emplace(std::pair{host, bus_key(busid)}, node).second;
    if (!is_new) fields.problem(*at, "bus id '" + busid + "' is there twice", "", "give each its own");
  }

  /// All ports of a NIC together; zero where it has none. NCCL takes 10 Gb/s for a port that does not say.
  BytesPerSecond port_rate(const XmlElement& nic) {
    BytesPerSecond rate{};
    for (const XmlElement& net : nic.children) {
      if (net.name.text != "net") continue;
      double megabits = fields_of(net).maybe("speed", parse_megabits).value_or(0);
      if (!(megabits > 0)) {
        megabits = 10000;
        graph_.notice("a <net> does not say its speed: taken as 10 Gb/s, as NCCL does");
      }
      rate += BytesPerSecond{megabits * 1e6 / 8};
    }
    return rate;
  }

  void add_gpu_links(const XmlElement& pci, std::uint32_t node, const Cpu& cpu) {
    const XmlElement* gpu = nullptr;
    for (const XmlElement& child : pci.children) {
      if (child.name.text != "gpu") {
        leave_out(child);
      } else if (gpu != nullptr) {
        problem(child.name, "a second <gpu> in one <pci>", "give each GPU a <pci> of its own");
      } else {
        gpu = &child;
      }
    }
    if (gpu == nullptr) {
      graph_.notice("a GPU has no <gpu> element, so its NVLinks are unknown: it is joined by PCIe alone");
      return;
    }
    for (const XmlElement& link : gpu->children) pending_.push_back({&link, gpu, node, cpu});
  }

  void add_pending(const Pending& link) {
    const std::string& kind = link.element->name.text;
    if (kind == "nvlink" || kind == "xgmi") {
      add_nvlink(link);
    } else if (kind == "c2c" && link.gpu != nullptr) {
      Fields fields = fields_of(*link.element);
      const double megabytes =
          static_cast<double>(fields.need("bw", parse_size)) * static_cast<double>(fields.need("count", parse_size));
      if (megabytes > 0) graph_.add_cable(link.from, link.cpu.node, BytesPerSecond{megabytes * 1e6}, Wire::other);
    } else if (kind == "pcilink") {
      const auto target = find_device(fields_of(*link.element).need("target", parse_text), link.cpu.host);
      if (target && *target != link.from) graph_.add_link(link.from, *target, nccl::kLocalRate, Wire::other);
    } else {
      leave_out(*link.element);
    }
  }

  std::optional<std::uint32_t> find_device(const std::string& busid, int host) const {
    const auto found = devices_.find({host, bus_key(busid)});
    if (found == devices_.end()) return std::nullopt;
    return found->second;
  }

  void add_nvlink(const Pending& link) {
    Fields fields = fields_of(*link.element);
    const bool xgmi = link.element->name.text == "xgmi";
    const auto sm = static_cast<int>(fields_of(*link.gpu).maybe("sm", parse_count).value_or(0));
    const BytesPerSecond each = xgmi ? nccl::xgmi_rate(text_of(*link.gpu, "gcn")) : nccl::nvlink_rate(sm);
    const BytesPerSecond rate = each * static_cast<double>(fields.need("count", parse_size));
    const std::string target = fields.need("target", parse_text), device = text_of(*link.element, "tclass");
    if (!(rate > BytesPerSecond{}) || target.empty()) return;
    const auto peer = find_device(target, link.cpu.host);
    if (device.starts_with(kCpuClass)) {
      graph_.add_cable(link.from, link.cpu.node, rate, Wire::nvlink);
    } else if (device.starts_with(kNvswitchClass)) {
      graph_.add_cable(link.from, nvswitch(), rate, Wire::nvlink);
    } else if (!peer) {
      graph_.notice("an NVLink to " + target + ", which is no device of this file, was left out");
    } else if (*peer == link.from) {
      graph_.notice("NVLinks of a GPU to itself were left out");
    } else {
      graph_.add_link(link.from, *peer, rate, Wire::nvlink);
    }
  }

  /// NCCL joins all NVSwitches to one.
  std::uint32_t nvswitch() {
    if (!nvswitch_) nvswitch_ = graph_.add_node(NodeKind::nvswitch, hosts_.size() > 1 ? -1 : 0);
    return *nvswitch_;
  }

  void join_cpus() {
    for (const Cpu& a : cpus_) {
      for (const Cpu& b : cpus_) {
        if (a.node != b.node && a.host == b.host) graph_.add_link(a.node, b.node, a.rate, Wire::other);
      }
    }
  }

  const XmlDocument& document_;
  Diagnostics& diagnostics_;
  ServerGraph graph_;
  std::map<const XmlElement*, std::uint32_t> gpu_nodes_;
  std::map<std::string, int> hosts_;
  std::map<std::pair<int, std::string>, std::uint32_t> devices_;
  std::vector<Cpu> cpus_;
  std::vector<Pending> pending_;
  std::optional<std::uint32_t> nvswitch_;
};

}  // namespace

Result<LoadedGraph, Diagnostics> read_nccl_topology(const XmlDocument& document) {
  Diagnostics diagnostics;
  LoadedGraph loaded = TopologyReader(document, diagnostics).read();
  if (!diagnostics.empty()) return diagnostics;
  loaded.notices.emplace_back("rates are those that NCCL computes with, below the wire's");
  return loaded;
}

}  // namespace ithaca
