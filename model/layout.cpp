#include "model/layout.hpp"

namespace ithaca {

std::string_view name(Strategy strategy) {
  switch (strategy) {
    case Strategy::ulysses: return "ulysses";
    case Strategy::megatron_sp: return "megatron_sp";
    case Strategy::ring: return "ring";
    case Strategy::usp: return "usp";
    case Strategy::tensor_parallel: return "tensor_parallel";
    case Strategy::cp_all_gather: return "cp_all_gather";
    case Strategy::loongtrain: return "loongtrain";
    case Strategy::fpdt: return "fpdt";
    case Strategy::ring_self_attention: break;
  }
  return "ring_self_attention";
}

}  // namespace ithaca
