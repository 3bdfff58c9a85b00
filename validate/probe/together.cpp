#include "validate/probe/together.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace ithaca {
namespace {

using Text = std::array<char, 128>;

Text text_of(const std::string& text) {
  Text fixed{};
  std::copy_n(text.begin(), std::min(text.size(), fixed.size() - 1), fixed.begin());
  return fixed;
}
std::string string_of(const Text& text) { return {text.data(), strnlen(text.data(), text.size())}; }

/// All ranks run the same program, so that the bytes need no order of their own.
struct Message {
  double time = 0, mean = 0, clock_mhz = 0;
  std::uint64_t throttle = 0;
  std::int32_t failed = -1;  ///< the rank
  std::int32_t lost = 0;
  Text why{};
};

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}
template <class T>
std::span<std::byte> bytes_into(T& value) {
  return std::as_writable_bytes(std::span<T, 1>(&value, 1));
}

void merge(Message& all, const Message& one) {
  all.mean += one.time;
  all.time = std::max(all.time, one.time);
  if (one.clock_mhz > 0) all.clock_mhz = all.clock_mhz > 0 ? std::min(all.clock_mhz, one.clock_mhz) : one.clock_mhz;
  all.throttle |= one.throttle;
  if (all.failed < 0 && one.failed >= 0) {
    all.failed = one.failed;
    all.why = one.why;
  }
  all.lost |= one.lost;
}

/// Rank 0: one message of each rank. A rank that is lost counts as failed, and the others still hear of it.
Message collect(const Mesh& mesh, Message all) {
  all.mean = all.time;
  for (int rank = 1; rank < mesh.ranks(); ++rank) {
    Message one;
    if (const Trouble lost = mesh.receive(rank, bytes_into(one)))
      one = {.failed = rank, .lost = 1, .why = text_of(*lost)};
    merge(all, one);
  }
  all.mean /= mesh.ranks();
  return all;
}

}  // namespace

Result<Summary, Setback> summarise(const Mesh& mesh, const RankReport& mine) {
  Message message{mine.time, 0, mine.clock_mhz, mine.throttle, -1, 0, {}};
  if (mine.trouble) {
    message.failed = mesh.rank();
    message.why = text_of(*mine.trouble);
  }
  Message all;
  if (mesh.rank() == 0) {
    all = collect(mesh, message);
    for (int rank = 1; rank < mesh.ranks(); ++rank) mesh.send(rank, bytes_of(all));  // the lost are in `all`
  } else {
    Trouble trouble = mesh.send(0, bytes_of(message));
    if (!trouble) trouble = mesh.receive(0, bytes_into(all));
    if (trouble) return Setback{mine.trouble.value_or("rank 0: " + *trouble), true};
  }
  if (all.failed >= 0) return Setback{"rank " + std::to_string(all.failed) + ": " + string_of(all.why), all.lost != 0};
  return Summary{all.time, all.mean, all.clock_mhz, all.throttle};
}

Trouble from_rank_0(const Mesh& mesh, std::span<std::byte> bytes) {
  if (mesh.rank() > 0) return mesh.receive(0, bytes);
  for (int rank = 1; rank < mesh.ranks(); ++rank)
    if (Trouble trouble = mesh.send(rank, bytes)) return trouble;
  return std::nullopt;
}

Result<std::vector<std::string>, std::string> everyones(const Mesh& mesh, const std::string& mine) {
  std::vector<Text> all(static_cast<std::size_t>(mesh.ranks()));
  all[static_cast<std::size_t>(mesh.rank())] = text_of(mine);
  Trouble trouble;
  if (mesh.rank() > 0) {
    trouble = mesh.send(0, bytes_of(all[static_cast<std::size_t>(mesh.rank())]));
  } else {
    for (int rank = 1; rank < mesh.ranks() && !trouble; ++rank)
      trouble = mesh.receive(rank, bytes_into(all[static_cast<std::size_t>(rank)]));
  }
  if (!trouble) trouble = from_rank_0(mesh, std::as_writable_bytes(std::span(all)));
  if (trouble) return *trouble;
  std::vector<std::string> texts;
  texts.reserve(all.size());
  for (const Text& text : all) texts.push_back(string_of(text));
  return texts;
}

}  // namespace ithaca
