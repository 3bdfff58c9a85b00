#include "sim/pipeline_program.hpp"

#include <algorithm>

#include "sim/pipeline_order.hpp"

namespace ithaca {
namespace {

using MaybeTask = TaskList::MaybeTask;

/// Writes what all stages do in an order in which each can be run.
class PipelineWriter {
 public:
  PipelineWriter(const StepInputs& in, const LayoutExchanges& exchanges, const LayerTasks& layers,
                 std::vector<TaskList>& stages)
      : in_(in),
        x_(exchanges),
        layers_(layers),
        tasks_(stages),
        micro_(static_cast<int>(micro_batches(in.work, in.layout))),
        chunks_(in.layout.pp * in.layout.virtual_pp),
        came_(static_cast<std::size_t>(2 * chunks_) * static_cast<std::size_t>(micro_)),
        stored_(static_cast<std::size_t>(in.model.layers * micro_)),
        hosts_(static_cast<std::size_t>(in.layout.pp)) {
    for (int s = 0; s < in.layout.pp; ++s) {
      order_.push_back(pipeline_order(in.layout, s, micro_));
      const StageTime time = closed_form(in, s);
      host_forward_.push_back(time.host_forward / in.layout.virtual_pp);
      host_backward_.push_back(time.host_backward / in.layout.virtual_pp);
      list_uses(hosts_[static_cast<std::size_t>(s)], s);
    }
  }

  bool write() {
    for (std::size_t s = 0; s < hosts_.size(); ++s) {
      fetch(s);
      tasks_[s].issue_pending();
    }
    std::vector<std::size_t> next(order_.size(), 0);
    for (bool more = true; more;) {
      more = false;
      for (std::size_t s = 0; s < order_.size(); ++s) {
        for (; next[s] < order_[s].size() && is_ready(s, order_[s][next[s]]); ++next[s]) {
          write_work(s, order_[s][next[s]]);
          more = true;
        }
      }
    }
    for (std::size_t s = 0; s < order_.size(); ++s) {
      if (next[s] < order_[s].size()) return false;
    }
    write_update();
    return true;
  }

 private:
  /// What a chunk needs: of the forward hidden states, of the backward their gradients.
  struct Came {
    bool sent = false;
    MaybeTask task;
  };
  int chunk_of(std::size_t s, const StageWork& w) const { return w.chunk * in_.layout.pp + static_cast<int>(s); }
  Came& came(bool backward, int chunk, int micro) {
    return came_[static_cast<std::size_t>((backward ? chunks_ : 0) + chunk) * static_cast<std::size_t>(micro_) +
                 static_cast<std::size_t>(micro)];
  }
  bool is_input_made(const StageWork& w, int chunk) const { return w.backward ? chunk == chunks_ - 1 : chunk == 0; }
  bool is_ready(std::size_t s, const StageWork& w) {
    const int chunk = chunk_of(s, w);
    return is_input_made(w, chunk) || came(w.backward, chunk, w.micro_batch).sent;
  }

  /// A layer in the order in which a stage comes to it.
  struct Use {
    bool backward = false;
    std::int64_t layer = 0;
    int micro_batch = 0;
    bool is_first = false;  ///< of a pass through a chunk that has embedding or head as well

    bool is_backward_of(const Use& other) const {
      return backward && !other.backward && layer == other.layer && micro_batch == other.micro_batch;
    }
  };
  /// What a stage has in host memory: a layer ahead it fetches what it is to use.
  struct Host {
    HostCopies copies;
    std::vector<Use> uses;
    std::size_t next = 0;
    MaybeTask weights, input;
  };

  void list_uses(Host& host, int s) {
    host.copies = host_copies(in_, s);
    for (const StageWork& w : order_.back()) {
      const int chunk = chunk_of(static_cast<std::size_t>(s), w);
      const std::int64_t first = first_layer(chunk), last = first_layer(chunk + 1) - 1;
      const bool has_end = chunk == 0 || chunk == chunks_ - 1;
      for (std::int64_t l = first; l <= last; ++l)
        host.uses.push_back({w.backward, w.backward ? last + first - l : l, w.micro_batch, has_end && l == first});
    }
  }

  MaybeTask& stored(const Use& use) {
    return stored_[static_cast<std::size_t>((use.layer - 1) * micro_ + use.micro_batch)];
  }

  /// What the stage uses next, beside its next kernel.
  void fetch(std::size_t s) {
    Host& host = hosts_[s];
    host.weights.reset();
    host.input.reset();
    if (host.next == host.uses.size()) return;
    const Use& use = host.uses[host.next];
    const Seconds ends = use.is_first ? host.copies.ends : Seconds{};
    tasks_[s].put_aside("weights from the host", host.copies.layer(in_.kind_of(use.layer)) + ends, kFromHost,
                        &host.weights);
    if (!use.backward) return;
    tasks_[s].put_aside("layer input from the host", host.copies.input(in_.kind_of(use.layer)), kFromHost, &host.input,
                        &stored(use));
  }

  /// A layer on what was fetched for it. The input of a backward that follows its own forward is stored before.
  void write_layer(std::size_t s) {
    Host& host = hosts_[s];
    const Use use = host.uses[host.next++];
    TaskList& t = tasks_[s];
    const LayerKind kind = in_.kind_of(use.layer);
    t.wait_for(host.weights);
    t.wait_for(host.input);
    const bool turns = host.next < host.uses.size() && host.uses[host.next].is_backward_of(use);
    if (!turns) fetch(s);
    if (use.backward) return layers_.backward(t, kind, in_.repeats(use.layer));
    layers_.forward(t, kind);
    t.put_aside("layer input to the host", host.copies.input(kind), kToHost, &stored(use));
    if (turns) fetch(s);
  }

  void write_work(std::size_t s, const StageWork& w) {
    const int chunk = chunk_of(s, w);
    if (!is_input_made(w, chunk)) {
      tasks_[s].wait_for(came(w.backward, chunk, w.micro_batch).task);
      tasks_[s].blocking("gather the stage's input", x_.gather_stage_input);
    }
    w.backward ? backward(s, w, chunk) : forward(s, w, chunk);
  }

  /// Its layers are numbered from 1.
  std::int64_t first_layer(int chunk) const {
    const std::int64_t share = in_.model.layers / chunks_, more = in_.model.layers % chunks_;
    return chunk * share + std::min<std::int64_t>(chunk, more) + 1;
  }

  void forward(std::size_t s, const StageWork& w, int chunk) {
    TaskList& t = tasks_[s];
    if (chunk == 0) {
      t.wait_for(hosts_[s].weights);
      t.compute("embedding", embedding_time(in_) * 0.5);
      t.blocking("hidden states of the embedding", x_.tp_reduce);
    }
    for (std::int64_t l = first_layer(chunk); l < first_layer(chunk + 1); ++l) write_layer(s);
    t.compute("wait for the host", host_forward_[s]);
    if (chunk + 1 < chunks_) return send(s, w, chunk + 1);
    t.blocking("hidden states of the head", x_.tp_gather);
    t.compute("head and loss", head_times(in_).forward);
  }

  void backward(std::size_t s, const StageWork& w, int chunk) {
    TaskList& t = tasks_[s];
    if (chunk == chunks_ - 1) {
      t.wait_for(hosts_[s].weights);
      t.compute("head and loss, backward", head_times(in_).backward);
      t.blocking("hidden states of the head", x_.tp_gather);
      t.blocking("hidden states of the head", x_.tp_reduce);
    }
    const bool last = w.micro_batch + 1 == micro_;
    const std::int64_t first = first_layer(chunk);
    for (std::int64_t l = first_layer(chunk + 1) - 1; l >= first; --l) {
      write_layer(s);
      if (last && (l > first || chunk >= in_.layout.pp)) t.put_aside("reduce gradients", x_.stages[s].reduce_bucket);
    }
    t.compute("wait for the host", host_backward_[s]);
    if (chunk > 0) return send(s, w, chunk - 1);
    t.blocking("hidden states of the embedding", x_.tp_gather);
    t.compute("embedding, backward", embedding_time(in_) * 0.5);
  }

  void send(std::size_t s, const StageWork& w, int to) {
    const std::size_t stages = tasks_.size(), other = static_cast<std::size_t>(to) % stages;
    const bool around = (w.backward ? s == 0 : s + 1 == stages);
    const Rounds& rounds =
        w.backward ? (around ? x_.to_previous_around : x_.to_previous) : (around ? x_.to_next_around : x_.to_next);
    TaskList& t = tasks_[s];
    t.issue_pending();
    const MaybeTask sent =
        w.backward ? t.send("gradients to the stage before", rounds, tasks_[other], kToPrevious, kFromNext)
                   : t.send("hidden states to the next stage", rounds, tasks_[other], kToNext, kFromPrevious);
    came(w.backward, to, w.micro_batch) = {true, sent};
    if (!in_.work.overlap.pipeline) t.wait_for(sent);
  }

  void write_update() {
    const std::string reduce = "reduce gradients";
    for (std::size_t s = 0; s < tasks_.size(); ++s) {
      const LayoutExchanges::OfStage& x = x_.stages[s];
      tasks_[s].issue_pending();
      tasks_[s].wait_for(tasks_[s].beside(reduce, x.reduce_bucket, kSharding));
      tasks_[s].blocking(reduce, x.reduce_all);
    }
    tasks_.front().together("reduce the shared embedding", x_.tied_embedding, tasks_.back());
    for (std::size_t s = 0; s < tasks_.size(); ++s) {
      const HostCopies& copies = hosts_[s].copies;
      const MaybeTask down = tasks_[s].beside("gradients to the host", copies.gradients, kToHost);
      const MaybeTask up = tasks_[s].beside("updated weights from the host", copies.updated, kFromHost);
      tasks_[s].wait_for(down);
      tasks_[s].wait_for(up);
      tasks_[s].compute("optimizer", update_time(in_, static_cast<int>(s)));
      tasks_[s].wait_for(tasks_[s].beside("gather updated weights", x_.stages[s].gather_all, kSharding));
    }
  }

  const StepInputs& in_;
  const LayoutExchanges& x_;
  const LayerTasks& layers_;
  std::vector<TaskList>& tasks_;                       ///< by stage
  int micro_, chunks_;                                 ///< of layers, in all stages
  std::vector<Came> came_;                             ///< hidden states, then gradients; by chunk, then by micro-batch
  std::vector<std::vector<StageWork>> order_;          ///< by stage
  std::vector<MaybeTask> stored_;                      ///< by layer and micro-batch: its input in host memory
  std::vector<Host> hosts_;                            ///< by stage
  std::vector<Seconds> host_forward_, host_backward_;  ///< by stage, of a chunk
};

}  // namespace

bool add_pipeline_step(const StepInputs& inputs, const LayoutExchanges& exchanges, const LayerTasks& layers,
                       std::vector<TaskList>& stages) {
  return PipelineWriter(inputs, exchanges, layers, stages).write();
}

}  // namespace ithaca
