#include "validate/tcp/mesh.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

namespace ithaca {
namespace {

constexpr std::array<char, 8> kMagic{'i', 't', 'h', 'a', 'c', 'a', '0', '1'};
constexpr Seconds kGuestPatience{2};  ///< with a stranger who says nothing

/// How ranks introduce themselves. All run the same program, so that the bytes need no order of their own.
struct Hello {
  std::array<char, 8> magic = kMagic;
  std::array<char, 64> token{};
  std::array<char, 64> host{};  ///< where the rank listens for ranks above it
  std::uint32_t port = 0;
  std::int32_t rank = 0, ranks = 0;
};

template <std::size_t size>
void put(const std::string& text, std::array<char, size>& into) {
  std::copy_n(text.data(), std::min(text.size(), size), into.begin());
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}
template <class T>
std::span<std::byte> bytes_into(T& value) {
  return std::as_writable_bytes(std::span<T, 1>(&value, 1));
}

Hello hello(const Meeting& meeting, const Endpoint& door) {
  Hello hello;
  put(meeting.token, hello.token);
  put(door.host, hello.host);
  hello.port = door.port;
  hello.rank = meeting.rank;
  hello.ranks = meeting.ranks;
  return hello;
}

bool belongs(const Hello& guest, const Meeting& meeting) {
  Hello expected;
  put(meeting.token, expected.token);
  return guest.magic == expected.magic && guest.token == expected.token && guest.ranks == meeting.ranks &&
         guest.host.back() == '\0';
}

class Deadline {
 public:
  explicit Deadline(Seconds patience) : end_(Clock::now() + std::chrono::duration<double>(patience.value())) {}
  Seconds left() const { return Seconds{std::max(0.0, std::chrono::duration<double>(end_ - Clock::now()).count())}; }

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::time_point<Clock, std::chrono::duration<double>> end_;
};

}  // namespace

Result<Mesh, std::string> Mesh::join(const Meeting& meeting, Socket door) {
  if (meeting.ranks < 1 || meeting.rank < 0 || meeting.rank >= meeting.ranks)
    return std::string("there is no such rank");
  Mesh mesh;
  mesh.meeting_ = meeting;
  mesh.to_.resize(static_cast<std::size_t>(meeting.ranks));
  if (meeting.ranks == 1) return mesh;
  if (meeting.rank == 0) {
    if (!door.is_open()) {
      auto opened = Socket::listen(meeting.at);
      if (!opened) return opened.error();
      door = std::move(opened).value();
    }
    if (auto trouble = mesh.gather_guests(door)) return *trouble;
  } else if (auto trouble = mesh.call_on_host()) {
    return *trouble;
  }
  mesh.set_patience(meeting.patience);
  return mesh;
}

void Mesh::set_patience(Seconds patience) const {
  for (const Socket& socket : to_) {
    if (socket.is_open()) socket.set_patience(patience);
  }
}

Trouble Mesh::gather_guests(const Socket& door) {
  const Deadline deadline(meeting_.patience);
  std::vector<Endpoint> doors(to_.size());
  for (int missing = ranks() - 1; missing > 0;) {
    auto guest = door.accept(deadline.left());
    if (!guest) return std::to_string(missing) + " of " + std::to_string(ranks()) + " ranks did not come";
    guest->set_patience(min(kGuestPatience, deadline.left()));
    Hello said;
    if (guest->receive(bytes_into(said)) || !belongs(said, meeting_)) continue;
    const auto rank = static_cast<std::size_t>(said.rank);
    if (said.rank < 1 || said.rank >= ranks()) continue;
    if (to_[rank].is_open()) return "rank " + std::to_string(rank) + " came twice";
    to_[rank] = std::move(guest).value();
    doors[rank] = {said.host.data(), static_cast<std::uint16_t>(said.port)};
    --missing;
  }
  std::vector<Hello> table;
  table.reserve(doors.size());
  for (const Endpoint& at : doors) table.push_back(hello(meeting_, at));
  for (std::size_t rank = 1; rank < to_.size(); ++rank) {
    if (auto trouble = to_[rank].send(std::as_bytes(std::span(table)))) return trouble;
  }
  return std::nullopt;
}

Trouble Mesh::call_on_host() {
  auto host = Socket::connect(meeting_.at, meeting_.patience);
  if (!host) return host.error();
  host->set_patience(meeting_.patience);
  const auto door = Socket::listen({host->local().host, 0});
  if (!door) return door.error();
  if (auto trouble = host->send(bytes_of(hello(meeting_, door->local())))) return trouble;
  std::vector<Hello> table(to_.size());
  if (auto trouble = host->receive(std::as_writable_bytes(std::span(table)))) return "rank 0: " + *trouble;
  to_[0] = std::move(host).value();
  std::vector<Endpoint> doors;
  for (Hello& each : table) {
    each.host.back() = '\0';
    doors.push_back({each.host.data(), static_cast<std::uint16_t>(each.port)});
  }
  if (meeting_.star) return std::nullopt;
  return meet_each_other(*door, doors);
}

/// Each rank calls on those below it and waits for those above.
Trouble Mesh::meet_each_other(const Socket& door, const std::vector<Endpoint>& doors) {
  const Deadline deadline(meeting_.patience);
  for (int below = 1; below < rank(); ++below) {
    const auto at = static_cast<std::size_t>(below);
    auto socket = Socket::connect(doors[at], deadline.left());
    if (!socket) return socket.error();
    if (auto trouble = socket->send(bytes_of(hello(meeting_, {})))) return trouble;
    to_[at] = std::move(socket).value();
  }
  for (int missing = ranks() - 1 - rank(); missing > 0;) {
    auto guest = door.accept(deadline.left());
    if (!guest) return std::to_string(missing) + " ranks did not call";
    guest->set_patience(min(kGuestPatience, deadline.left()));
    Hello said;
    if (guest->receive(bytes_into(said)) || !belongs(said, meeting_)) continue;
    if (said.rank <= rank() || said.rank >= ranks()) continue;
    Socket& place = to_[static_cast<std::size_t>(said.rank)];
    if (place.is_open()) return "rank " + std::to_string(said.rank) + " came twice";
    place = std::move(guest).value();
    --missing;
  }
  return std::nullopt;
}

Trouble Mesh::send(int to, std::span<const std::byte> bytes) const {
  *sent_ += bytes.size();
  if (const auto trouble = to_[static_cast<std::size_t>(to)].send(bytes))
    return "to rank " + std::to_string(to) + ": " + *trouble;
  return std::nullopt;
}

Trouble Mesh::receive(int from, std::span<std::byte> bytes) const {
  if (const auto trouble = to_[static_cast<std::size_t>(from)].receive(bytes))
    return "from rank " + std::to_string(from) + ": " + *trouble;
  return std::nullopt;
}

Result<double, std::string> Mesh::max_over_ranks(double mine) const {
  if (rank() > 0) {
    double largest = 0;
    if (auto trouble = to_[0].send(bytes_of(mine))) return *trouble;
    if (auto trouble = to_[0].receive(bytes_into(largest))) return *trouble;
    return largest;
  }
  for (std::size_t other = 1; other < to_.size(); ++other) {
    double theirs = 0;
    if (auto trouble = to_[other].receive(bytes_into(theirs))) return "rank " + std::to_string(other) + ": " + *trouble;
    mine = std::max(mine, theirs);
  }
  for (std::size_t other = 1; other < to_.size(); ++other) {
    if (auto trouble = to_[other].send(bytes_of(mine))) return *trouble;
  }
  return mine;
}

}  // namespace ithaca
