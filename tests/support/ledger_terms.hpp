#pragma once
// A layout's memory ledger on round machines, and its terms by name.

#include <string_view>

#include "model/memory.hpp"
#include "tests/support/machines.hpp"

namespace ithaca::test {

inline MemoryLedger ledger(const Transformer& model, const Workload& work, const Layout& layout) {
  return peak_memory(model, work, round_cluster(), layout, split_rank(model, work, layout));
}

inline double term_of(const MemoryTerm* first, const MemoryTerm* last, std::string_view name) {
  for (; first != last; ++first) {
    if (first->name == name) return first->bytes.value();
  }
  return 0;
}

/// Bytes on the GPU and in host memory; 0 where there is no such term.
inline double term(const MemoryLedger& ledger, std::string_view name) {
  return term_of(ledger.terms.begin(), ledger.terms.end(), name);
}
inline double host_term(const MemoryLedger& ledger, std::string_view name) {
  return term_of(ledger.host_terms.begin(), ledger.host_terms.end(), name);
}

}  // namespace ithaca::test
