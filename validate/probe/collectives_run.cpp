#include "validate/probe/collectives_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "model/heads.hpp"
#include "model/units.hpp"
#include "validate/probe/collective_cases.hpp"
#include "validate/probe/collective_overlap.hpp"
#include "validate/probe/cuda_accelerator.hpp"
#include "validate/probe/layer_check.hpp"
#include "validate/probe/nccl_communicator.hpp"
#include "validate/probe/result_file.hpp"
#include "validate/probe/sample_yaml.hpp"

namespace ithaca {
namespace {

constexpr int kDone = 0, kFailed = 1, kUsage = 2, kWrong = 4, kNoDevice = 5;  // as cli/exit_code.hpp
constexpr Seconds kGrace{10};

int say(int code, const std::string& what) {
  std::fprintf(stderr, "error: %s\n", what.c_str());
  return code;
}

/// Where the ranks are: alike on all of them.
struct Places {
  int nodes = 1, per_node = 1;
  bool shared = false;  ///< two ranks on one GPU
};

Places read_places(const std::vector<std::string>& hosts_and_gpus) {
  std::map<std::string, int> by_host;
  std::set<std::string> gpus(hosts_and_gpus.begin(), hosts_and_gpus.end());
  for (const std::string& place : hosts_and_gpus) ++by_host[place.substr(0, place.find(' '))];
  Places places;
  places.nodes = static_cast<int>(by_host.size());
  for (const auto& [host, ranks] : by_host) places.per_node = std::max(places.per_node, ranks);
  places.shared = gpus.size() < hosts_and_gpus.size();
  return places;
}

/// What NCCL takes for a host too: its name and its last start.
std::string host() {
  char name[64] = "";
  gethostname(name, sizeof name - 1);
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  return std::string(name) + "/" + boot;
}

/// One rank, from its GPU to its last row.
class Rank {
 public:
  Rank(const CollectiveOptions& options, const nccl::Library& nccl, ResultFile& file)
      : options_(options), nccl_(nccl), file_(file) {}

  int run(const Meeting& meeting, int gpu, Socket door = {}) {
    auto device = Device::open(gpu);
    if (!device) return say(kNoDevice, device.error());
    device_ = device->get();
    open_meter();
    auto accelerator = CudaAccelerator::make(*device_, meter_ ? &*meter_ : nullptr);
    if (!accelerator) return say(kFailed, accelerator.error());
    Meeting star = meeting;
    star.star = true;
    const auto mesh = Mesh::join(star, std::move(door));
    if (!mesh) return say(kFailed, mesh.error());
    mesh->set_patience(meeting.patience * 2 + kGrace);  // the others' watchdogs bark first
    return meet(*mesh, **accelerator);
  }

 private:
  void open_meter() {
    const auto nvml = open_nvml();
    if (!nvml) return;
    const auto opened = ClockMeter::open(*nvml, device_->pci_bus_id());
    if (opened) meter_ = *opened;
  }

  int meet(const Mesh& mesh, CudaAccelerator& accelerator) {
    const auto all = everyones(mesh, host() + " " + accelerator.place());
    if (!all) return say(kFailed, all.error());
    const Places places = read_places(*all);
    if (places.shared && !options_.share_gpu)
      return say(kUsage, "two ranks are on one GPU, which NCCL refuses; --share-gpu makes it a functional run");
    std::unique_ptr<NcclGroup> group;
    std::atomic<NcclGroup*> joined_group{nullptr};
    Watchdog dog(
        options_.meeting.patience, kGrace,
        [&](const std::string& step) {
          std::fprintf(stderr, "rank %d: %s hangs; NCCL is aborted\n", mesh.rank(), step.c_str());
          if (NcclGroup* g = joined_group) g->abort();
        },
        [&](const std::string& step) { leave(step); });
    nccl::UniqueId id;
    RankReport ready;
    if (mesh.rank() == 0 && nccl_.get_unique_id(&id) != nccl::kSuccess) ready.trouble = "NCCL gives no id";
    if (const auto got = summarise(mesh, ready); !got) return say(kFailed, got.error().why);
    if (const Trouble trouble = from_rank_0(mesh, std::as_writable_bytes(std::span(&id, 1))))
      return say(kFailed, *trouble);
    {
      const auto step = dog.watch("joining NCCL's ranks");
      auto joined = NcclGroup::join(nccl_, id, accelerator, mesh.rank(), mesh.ranks());
      if (!joined) return say(kFailed, joined.error() + "; NCCL_DEBUG=WARN says more");
      group = std::move(joined).value();
      joined_group = group.get();
    }
    const Ensemble ensemble{*group, accelerator, mesh, dog};
    if (options_.command == CollectiveOptions::Command::layers) return layers(ensemble);
    return collectives(ensemble, accelerator, places);
  }

  /// Nothing returns any more: what was kept is all there is.
  [[noreturn]] void leave(const std::string& step) {
    std::fprintf(stderr, "error: %s does not return; what was measured before is kept\n", step.c_str());
    file_.finish();
    std::_Exit(kFailed);
  }

  int layers(const Ensemble& e) {
    NcclCommunicator communicator(e.group, e.accelerator, e.watchdog);
    const auto results = check_layers(communicator, e.mesh);
    if (!results) return say(kFailed, results.error());
    bool right = true;
    for (const LayerResult& r : *results) {
      right = right && r.is_right();
      if (e.mesh.rank() > 0) continue;
      std::printf("%s: %s, off by %.2g; sent %.0f bytes, the model says %.0f\n", r.is_right() ? "right" : "WRONG",
                  r.name.c_str(), r.difference, r.sent_bytes, r.model_bytes);
    }
    return right ? kDone : kWrong;
  }

  int collectives(const Ensemble& e, CudaAccelerator& accelerator, const Places& places) {
    RowSetting setting{places.nodes, ""};
    if (places.shared) {
      setting.nodes = e.mesh.ranks();  // as NCCL sees them
      setting.doubt = "processes on one GPU over its host's loopback: a functional run";
    } else if (e.mesh.ranks() == 1) {
      setting.doubt = "one rank: copies within one GPU";
    }
    CollectiveSamples table = empty_table(e);
    Trouble unwritten;
    const auto save = [&] {
      if (e.mesh.rank() == 0 && !unwritten) unwritten = file_.keep(collectives_yaml(table));
    };
    save();
    Trouble trouble = measure_collectives(e, options_.plan, setting, attention_of(e), table, save);
    KernelSamples beside;
    if (!trouble && options_.overlap) trouble = measure_beside(e, accelerator, setting, beside);
    save();
    if (e.mesh.rank() == 0 && !beside.samples.empty() && file_.is_file())
      ResultFile(with_family(file_.path(), "overlap")).keep(sample_yaml(beside));
    if (trouble) say(kFailed, *trouble + "; " + std::to_string(table.samples.size()) + " rows before it are kept");
    if (unwritten) say(kFailed, *unwritten);
    return trouble || unwritten ? kFailed : kDone;
  }

  CollectiveSamples empty_table(const Ensemble& e) const {
    CollectiveSamples table;
    table.source = "ithaca_probe collectives";
    table.cluster = options_.cluster;
    table.gpu = options_.gpu.empty() ? catalogue_gpu(device_->name()) : options_.gpu;
    table.nccl = nccl_.version();
    table.provenance = {{"device", device_->name()},
                        {"cuda", device_->cuda()},
                        {"date", utc_now()},
                        {"ranks", std::to_string(e.mesh.ranks()) + (options_.all_here ? " threads" : " processes")},
                        {"all_to_all", e.group.has_all_to_all() ? "ncclAlltoAll" : "send and receive in one group"}};
    if (meter_) table.provenance.emplace_back("driver", meter_->driver());
    if (!options_.launched_by.empty()) table.provenance.emplace_back("launcher", options_.launched_by);
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text(*entry);
      const std::size_t equals = text.find('=');
      // Containers set NCCL_VERSION to what they were built with; NCCL does not read it.
      if (text.rfind("NCCL_", 0) == 0 && text.rfind("NCCL_VERSION=", 0) != 0)
        table.provenance.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return table;
  }

  MakeAttention attention_of(const Ensemble& e) {
#ifdef ITHACA_PROBE_ATTENTION
    if (!options_.plan.model || e.mesh.ranks() > options_.plan.model->heads) return {};
    const Transformer& m = *options_.plan.model;
    const RankHeads own = rank_heads(m.heads, m.kv_heads, e.mesh.ranks(), e.mesh.rank());
    // Where a share cuts a group of query heads unevenly, its kernel sees one KV head for each query head.
    const std::int64_t kv = own.query % own.kv == 0 ? own.kv : own.query;
    return [this, own, kv, width = m.head_dim](std::int64_t tokens) -> Result<Attention, std::string> {
      if (const Trouble wrong = check_attention(*device_)) return *wrong;
      KernelSample s;
      s.op = KernelSample::Op::attention_forward;
      s.kernel = "cudnn";
      s.attention = {1, tokens, tokens, own.query, kv, width, true, true};
      auto job = attention_job(*device_, s);
      if (!job) return job.error();
      return Attention([job = *job, next = 0]() mutable { return job.enqueue(next++ % job.sets); });
    };
#else
    (void)e;
    return {};
#endif
  }

  Trouble measure_beside(const Ensemble& e, CudaAccelerator& accelerator, const RowSetting& setting,
                         KernelSamples& table) {
    table.source = "ithaca_probe collectives --overlap";
    table.gpu = options_.gpu.empty() ? catalogue_gpu(device_->name()) : options_.gpu;
    table.provenance = {{"device", device_->name()}, {"date", utc_now()}, {"nccl", nccl_.version()}};
#ifdef ITHACA_PROBE_GEMM
    accelerator.use_side_stream();
    for (const std::int64_t tokens : options_.plan.lengths) {
      const auto sample = measure_gemm_beside(e, *device_, *options_.plan.model, tokens, options_.plan.rule);
      if (!sample) return sample.error();
      table.samples.push_back(*sample);
      if (!setting.doubt.empty()) table.samples.back().doubt = setting.doubt;
    }
    return std::nullopt;
#else
    (void)e, (void)accelerator, (void)setting;
    return "this probe was built without cuBLASLt";
#endif
  }

  const CollectiveOptions& options_;
  const nccl::Library& nccl_;
  ResultFile& file_;
  Device* device_ = nullptr;
  std::optional<ClockMeter> meter_;
};

/// A thread for each GPU of this machine.
int run_threads(const CollectiveOptions& options, const nccl::Library& nccl, ResultFile& file, int gpus) {
  auto door = Socket::listen({"127.0.0.1", 0});
  if (!door) return say(kFailed, door.error());
  Meeting meeting = options.meeting;
  meeting.ranks = gpus;
  meeting.at = door->local();
  std::random_device random;
  meeting.token = std::to_string(random()) + std::to_string(random());
  std::vector<int> codes(static_cast<std::size_t>(gpus));
  std::vector<std::thread> threads;
  threads.reserve(codes.size());
  for (int rank = 0; rank < gpus; ++rank) {
    threads.emplace_back([&, rank] {
      Meeting own = meeting;
      own.rank = rank;
      codes[static_cast<std::size_t>(rank)] =
          Rank(options, nccl, file).run(own, rank, rank == 0 ? std::move(door).value() : Socket{});
    });
  }
  for (std::thread& thread : threads) thread.join();
  return *std::max_element(codes.begin(), codes.end());
}

int list(const CollectiveOptions& options) {
  const int ranks =
      options.all_here ? static_cast<int>(std::max<std::int64_t>(1, options.gpus)) : options.meeting.ranks;
  for (const CollectiveCase& c : collective_cases(options.plan.ops, options.plan.sizes, ranks))
    std::printf("%s of %s on %d ranks\n", std::string(name(c.op)).c_str(), print(c.message()).c_str(), ranks);
  for (const std::int64_t tokens : options.plan.lengths)
    std::printf("megatron_sp and ulysses of %s, %lld tokens\n", options.plan.model->name.c_str(),
                static_cast<long long>(tokens));
  return kDone;
}

}  // namespace

int run_collectives(const CollectiveOptions& options) {
  if (options.list) return list(options);
  if (options.share_gpu)
    for (const auto& [key, value] : sharing_environment(options.meeting.rank)) setenv(key.c_str(), value.c_str(), 0);
  const auto symbols = nccl::open_nccl();
  if (!symbols) return say(kNoDevice, symbols.error());
  const auto nccl = nccl::load_nccl(*symbols);
  if (!nccl) return say(kNoDevice, nccl.error());
  const auto found = count_gpus();
  if (!found) return say(kNoDevice, found.error());
  ResultFile file(options.file);
  int code = kDone;
  if (options.all_here) {
    if (options.gpus > *found)
      return say(kNoDevice,
                 "this machine has " + std::to_string(*found) + " GPUs, not " + std::to_string(options.gpus));
    code = run_threads(options, *nccl, file, options.gpus > 0 ? static_cast<int>(options.gpus) : *found);
  } else {
    code = Rank(options, *nccl, file).run(options.meeting, options.share_gpu ? 0 : options.local_rank % *found);
  }
  file.finish();
  return code;
}

}  // namespace ithaca
