#include "model/layout.hpp"

namespace ithaca {

std::string_view name(Strategy strategy) {
  switch (strategy) {
    case Strategy::ulysses: return "ulysses";
    case Strategy::megatron_sp: return "megatron_sp";
    case Strategy::ring: return "ring";
    case Strategy::usp: break;
  }
  return "usp";
}

}  // namespace ithaca
