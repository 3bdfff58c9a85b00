#include "model/fabric.hpp"

namespace ithaca {

std::string_view name(NodeKind kind) {
  switch (kind) {
    case NodeKind::gpu: return "gpu";
    case NodeKind::nvswitch: return "nvswitch";
    case NodeKind::pcie_switch: return "pcie_switch";
    case NodeKind::cpu: return "cpu";
    case NodeKind::nic: return "nic";
    case NodeKind::leaf: return "leaf";
    case NodeKind::spine: return "spine";
    case NodeKind::core: return "core";
    case NodeKind::router: break;
  }
  return "router";
}

std::string_view name(FabricKind kind) {
  switch (kind) {
    case FabricKind::ideal: return "ideal";
    case FabricKind::fat_tree: return "fat_tree";
    case FabricKind::rail_optimised: return "rail_optimised";
    case FabricKind::rail_only: return "rail_only";
    case FabricKind::dragonfly: return "dragonfly";
    case FabricKind::torus: return "torus";
    case FabricKind::ring: return "ring";
    case FabricKind::full_mesh: return "full_mesh";
    case FabricKind::pcie_tree: return "pcie_tree";
    case FabricKind::custom: break;
  }
  return "custom";
}

std::string_view name(Routing routing) {
  switch (routing) {
    case Routing::deterministic: return "deterministic";
    case Routing::ecmp: return "ecmp";
    case Routing::polarised: return "polarised";
    case Routing::spray: return "spray";
    case Routing::pxn: break;
  }
  return "pxn";
}

}  // namespace ithaca
