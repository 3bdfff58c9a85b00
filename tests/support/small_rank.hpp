#pragma once
// A layer and a rank of it in small numbers, no two of one role alike: a test multiplies them out, and a factor that is
// taken for another shows.

#include "model/split.hpp"

namespace ithaca::test {

inline Transformer small_model() {
  Transformer m;
  m.hidden = 11;
  m.layers = 3;
  m.heads = 10;
  m.kv_heads = 4;
  m.head_dim = 6;
  m.value_dim = 4;
  m.ffn = 16;
  m.vocab = 50;
  m.learned_positions = 1;
  m.gated_ffn = false;
  return m;
}

/// One of four: tp 2, ulysses 2. Two sequences of 20 tokens each where it attends.
inline RankSplit small_rank() {
  RankSplit r;
  r.padded_seq = 80;
  r.tokens = 12;
  r.norm_tokens = 6;
  r.block_tokens = 20;
  r.heads = 5;
  r.kv_heads = 2;
  r.ffn = 8;
  r.split.max_query = 3;
  r.split.max_kv = 2;
  r.split.kv_copies = 4;
  r.experts = 2;
  r.expert_rows = 9;
  r.expert_ffn = 7;
  r.shared_ffn = 13;
  return r;
}

inline Workload small_work() {
  Workload w;
  w.seq_len = Tokens{79};
  w.micro_batch = 2;
  return w;
}

}  // namespace ithaca::test
