#include "validate/probe/nccl_communicator.hpp"

#include <algorithm>

namespace ithaca {
namespace {

constexpr auto kType = nccl::kFloat32;

std::vector<std::size_t> sizes(const Communicator::Blocks& blocks) {
  std::vector<std::size_t> sizes;
  for (const std::vector<float>& block : blocks) sizes.push_back(block.size());
  return sizes;
}

std::size_t total(const Communicator::Blocks& blocks) {
  std::size_t sum = 0;
  for (const std::vector<float>& block : blocks) sum += block.size();
  return sum;
}

double bytes(std::size_t elements) { return static_cast<double>(elements * sizeof(float)); }

}  // namespace

Result<NcclCommunicator::Memory, std::string> NcclCommunicator::upload(std::span<const float> from,
                                                                       std::size_t received) {
  auto source = accelerator_.take(Bytes{bytes(std::max<std::size_t>(1, from.size()))});
  if (!source) return source.error();
  auto target = accelerator_.take(Bytes{bytes(std::max<std::size_t>(1, received))});
  if (!target) return target.error();
  if (const auto trouble = accelerator_.write(source->get(), from)) return *trouble;
  return Memory{*source, *target};
}

Communicator::Trouble NcclCommunicator::download(const Memory& memory, std::span<float> to) {
  if (auto trouble = group_.wait()) return trouble;
  return accelerator_.read(memory.to.get(), to);
}

Communicator::Trouble NcclCommunicator::all_to_all(const Blocks& to, Blocks& from) {
  const auto step = watchdog_.watch("all-to-all");
  std::vector<float> packed, unpacked(total(from));
  for (const std::vector<float>& block : to) packed.insert(packed.end(), block.begin(), block.end());
  const auto memory = upload(packed, unpacked.size());
  if (!memory) return memory.error();
  if (auto trouble = group_.all_to_all(memory->from.get(), sizes(to), memory->to.get(), sizes(from), kType))
    return trouble;
  if (auto trouble = download(*memory, unpacked)) return trouble;
  auto at = unpacked.begin();
  for (std::vector<float>& block : from) {
    std::copy_n(at, block.size(), block.begin());
    at += static_cast<std::ptrdiff_t>(block.size());
  }
  sent_bytes_ += bytes(packed.size() - to[static_cast<std::size_t>(rank())].size());
  return std::nullopt;
}

Communicator::Trouble NcclCommunicator::all_gather(std::vector<float>& buffer) {
  const auto step = watchdog_.watch("all-gather");
  const std::size_t block = buffer.size() / static_cast<std::size_t>(ranks());
  const auto memory = upload(std::span(buffer).subspan(static_cast<std::size_t>(rank()) * block, block), buffer.size());
  if (!memory) return memory.error();
  if (auto trouble = group_.all_gather(memory->from.get(), memory->to.get(), block, kType)) return trouble;
  if (auto trouble = download(*memory, buffer)) return trouble;
  sent_bytes_ += bytes(buffer.size() - block);
  return std::nullopt;
}

Communicator::Trouble NcclCommunicator::reduce_scatter(std::vector<float>& buffer) {
  const auto step = watchdog_.watch("reduce-scatter");
  const std::size_t block = buffer.size() / static_cast<std::size_t>(ranks());
  const auto memory = upload(buffer, block);
  if (!memory) return memory.error();
  if (auto trouble = group_.reduce_scatter(memory->from.get(), memory->to.get(), block, kType)) return trouble;
  const auto own = std::span(buffer).subspan(static_cast<std::size_t>(rank()) * block, block);
  if (auto trouble = download(*memory, own)) return trouble;
  sent_bytes_ += bytes(buffer.size() - block);
  return std::nullopt;
}

}  // namespace ithaca
