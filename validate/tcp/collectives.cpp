#include "validate/tcp/collectives.hpp"

#include <thread>

namespace ithaca {
namespace {

std::size_t index(int rank) { return static_cast<std::size_t>(rank); }

/// One message each way while both are on their way.
Trouble swap(const Mesh& mesh, int to, std::span<const float> out, int from, std::span<float> in) {
  Trouble sent;
  std::thread sender([&] { sent = mesh.send(to, std::as_bytes(out)); });
  Trouble received = mesh.receive(from, std::as_writable_bytes(in));
  sender.join();
  return sent ? sent : received;
}

/// The block of a rank counted round the ring.
std::span<float> block(const Mesh& mesh, std::vector<float>& buffer, int rank) {
  const std::size_t size = buffer.size() / index(mesh.ranks());
  return std::span(buffer).subspan(index((rank + mesh.ranks()) % mesh.ranks()) * size, size);
}

int next(const Mesh& mesh) { return (mesh.rank() + 1) % mesh.ranks(); }
int previous(const Mesh& mesh) { return (mesh.rank() + mesh.ranks() - 1) % mesh.ranks(); }

}  // namespace

Trouble all_to_all(const Mesh& mesh, const Blocks& to, Blocks& from) {
  const int ranks = mesh.ranks(), self = mesh.rank();
  from[index(self)] = to[index(self)];
  std::vector<Trouble> troubles(2 * index(ranks));
  std::vector<std::thread> movers;
  for (int step = 1; step < ranks; ++step) {
    const int there = (self + step) % ranks, here = (self + ranks - step) % ranks;
    movers.emplace_back(
        [&, there] { troubles[index(there)] = mesh.send(there, std::as_bytes(std::span(to[index(there)]))); });
    movers.emplace_back([&, here] {
      troubles[index(ranks + here)] = mesh.receive(here, std::as_writable_bytes(std::span(from[index(here)])));
    });
  }
  for (std::thread& mover : movers) mover.join();
  for (const Trouble& trouble : troubles) {
    if (trouble) return trouble;
  }
  return std::nullopt;
}

Trouble pairwise_all_to_all(const Mesh& mesh, const Blocks& to, Blocks& from) {
  const int ranks = mesh.ranks(), self = mesh.rank();
  from[index(self)] = to[index(self)];
  for (int step = 1; step < ranks; ++step) {
    const int there = (self + step) % ranks, here = (self + ranks - step) % ranks;
    if (auto trouble = swap(mesh, there, to[index(there)], here, from[index(here)])) return trouble;
  }
  return std::nullopt;
}

Trouble all_gather(const Mesh& mesh, std::vector<float>& buffer) {
  for (int step = 0; step + 1 < mesh.ranks(); ++step) {
    const auto out = block(mesh, buffer, mesh.rank() - step), in = block(mesh, buffer, mesh.rank() - step - 1);
    if (auto trouble = swap(mesh, next(mesh), out, previous(mesh), in)) return trouble;
  }
  return std::nullopt;
}

Trouble reduce_scatter(const Mesh& mesh, std::vector<float>& buffer) {
  std::vector<float> partial(buffer.size() / index(mesh.ranks()));
  for (int step = 0; step + 1 < mesh.ranks(); ++step) {
    const auto out = block(mesh, buffer, mesh.rank() - step - 1), sum = block(mesh, buffer, mesh.rank() - step - 2);
    if (auto trouble = swap(mesh, next(mesh), out, previous(mesh), partial)) return trouble;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += partial[i];
  }
  return std::nullopt;
}

Trouble all_reduce(const Mesh& mesh, std::vector<float>& buffer) {
  if (auto trouble = reduce_scatter(mesh, buffer)) return trouble;
  return all_gather(mesh, buffer);
}

Trouble shift(const Mesh& mesh, std::span<const float> to, std::span<float> from) {
  return swap(mesh, next(mesh), to, previous(mesh), from);
}

Trouble ping_pong(const Mesh& mesh, std::vector<float>& buffer) {
  if (mesh.rank() > 1 || mesh.ranks() < 2) return std::nullopt;
  const int peer = 1 - mesh.rank();
  const auto send = [&] { return mesh.send(peer, std::as_bytes(std::span(buffer))); };
  const auto receive = [&] { return mesh.receive(peer, std::as_writable_bytes(std::span(buffer))); };
  if (mesh.rank() == 0) {
    if (auto trouble = send()) return trouble;
    return receive();
  }
  if (auto trouble = receive()) return trouble;
  return send();
}

}  // namespace ithaca
