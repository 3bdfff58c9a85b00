#include "model/packing.hpp"

#include <algorithm>

namespace ithaca {
namespace {

double half_square(double length) { return length * length / 2; }

/// Area of rank i of a ring over the padded sequence, in the chunks that it holds.
double rank_area(const Packing& p, std::int64_t sequence, const Layout& layout, double padded, int rank) {
  const auto between = [&](double from, double to) {
    return p.area_before(sequence, to) - p.area_before(sequence, from);
  };
  if (layout.ring == 1) return between(0, padded);
  const double chunk = padded / (layout.zigzag ? 2 * layout.ring : layout.ring);
  const double own = between(rank * chunk, (rank + 1) * chunk);
  if (!layout.zigzag) return own;
  const double mirror = 2 * layout.ring - 1 - rank;
  return own + between(mirror * chunk, (mirror + 1) * chunk);
}

/// The most that a rank of the ring has of the sequences from `first` on.
double slowest_area(const Packing& p, const Layout& layout, std::int64_t first, std::int64_t micro_batch,
                    double padded) {
  double most = 0;
  for (int rank = 0; rank < layout.ring; ++rank) {
    double area = 0;
    for (std::int64_t s = first; s < first + micro_batch; ++s) area += rank_area(p, s, layout, padded, rank);
    most = std::max(most, area);
  }
  return most;
}

}  // namespace

double Packing::share() const { return area / (half_square(real(seq_len)) * real(count())); }

double Packing::area_before(std::int64_t sequence, double position) const {
  const auto at = static_cast<std::size_t>(sequence);
  const auto begin = ends.begin() + static_cast<std::ptrdiff_t>(sequences[at]);
  const auto end = ends.begin() + static_cast<std::ptrdiff_t>(sequences[at + 1]);
  const auto open = std::upper_bound(begin, end, position, [](double x, std::int64_t e) { return x < real(e); });
  const auto index = static_cast<std::size_t>(open - ends.begin());
  const double before = open == begin ? 0 : areas[index - 1];
  return open == end ? before : before + half_square(position - (open == begin ? 0 : real(ends[index - 1])));
}

Packing pack(std::span<const std::int64_t> lengths, std::int64_t seq_len, std::int64_t sequences) {
  Packing p;
  p.seq_len = seq_len;
  p.sequences.push_back(0);
  std::size_t next = 0;
  double tokens = 0;
  for (std::int64_t s = 0; s < sequences; ++s) {
    double area = 0;
    for (std::int64_t used = 0; used + lengths[next] <= seq_len; next = (next + 1) % lengths.size()) {
      used += lengths[next];
      area += half_square(real(lengths[next]));
      p.ends.push_back(used);
      p.areas.push_back(area);
      p.longest = std::max(p.longest, lengths[next]);
      tokens += real(lengths[next]);
    }
    p.area += area;
    p.sequences.push_back(p.ends.size());
  }
  p.documents = static_cast<std::int64_t>(p.ends.size());
  p.filled = tokens / (real(seq_len) * real(sequences));
  return p;
}

PackedShare packed_share(const Packing& p, const Layout& layout, std::int64_t micro_batch, std::int64_t padded_seq) {
  const double padded = real(padded_seq);
  const double spread = layout.zigzag ? 1.0 : 2.0 - 1.0 / layout.ring;
  const double whole = half_square(padded) * spread / layout.ring;  // of one rank and sequence
  const bool every_pass = layout.zero >= 2;
  const std::int64_t passes = p.count() / (layout.dp * micro_batch);
  double together = 0, most = 0;
  for (std::int64_t outer = 0; outer < (every_pass ? passes : layout.dp); ++outer) {
    double slowest = 0, sum = 0;
    for (std::int64_t inner = 0; inner < (every_pass ? layout.dp : passes); ++inner) {
      const std::int64_t pass = every_pass ? outer * layout.dp + inner : inner * layout.dp + outer;
      const double area = slowest_area(p, layout, pass * micro_batch, micro_batch, padded);
      slowest = std::max(slowest, area);
      sum += area;
    }
    together += slowest;
    most = std::max(most, sum);
  }
  const double all = whole * real(passes * micro_batch);
  return {p.area / (whole * layout.ring * real(p.count())), (every_pass ? together : most) / all};
}

}  // namespace ithaca
