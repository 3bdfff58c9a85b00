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
        came_(static_cast<std::size_t>(2 * chunks_ * micro_)) {
    for (int s = 0; s < in.layout.pp; ++s) {
      order_.push_back(pipeline_order(in.layout, s, micro_));
      const StageTime time = closed_form(in, s);
      host_forward_.push_back(time.host_forward / in.layout.virtual_pp);
      host_backward_.push_back(time.host_backward / in.layout.virtual_pp);
    }
  }

  bool write() {
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
    return came_[static_cast<std::size_t>(((backward ? chunks_ : 0) + chunk) * micro_ + micro)];
  }
  bool is_input_made(const StageWork& w, int chunk) const { return w.backward ? chunk == chunks_ - 1 : chunk == 0; }
  bool is_ready(std::size_t s, const StageWork& w) {
    const int chunk = chunk_of(s, w);
    return is_input_made(w, chunk) || came(w.backward, chunk, w.micro_batch).sent;
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
      t.compute("embedding", embedding_time(in_) * 0.5);
      t.blocking("hidden states of the embedding", x_.tp_reduce);
    }
    for (std::int64_t l = first_layer(chunk); l < first_layer(chunk + 1); ++l) layers_.forward(t, in_.kind_of(l));
    t.compute("wait for the host", host_forward_[s]);
    if (chunk + 1 < chunks_) return send(s, w, chunk + 1);
    t.blocking("hidden states of the head", x_.tp_gather);
    t.compute("head and loss", head_times(in_).forward);
  }

  void backward(std::size_t s, const StageWork& w, int chunk) {
    TaskList& t = tasks_[s];
    if (chunk == chunks_ - 1) {
      t.compute("head and loss, backward", head_times(in_).backward);
      t.blocking("hidden states of the head", x_.tp_gather);
      t.blocking("hidden states of the head", x_.tp_reduce);
    }
    const bool last = w.micro_batch + 1 == micro_;
    const std::int64_t first = first_layer(chunk);
    for (std::int64_t l = first_layer(chunk + 1) - 1; l >= first; --l) {
      layers_.backward(t, in_.kind_of(l), in_.repeats(l));
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
  std::vector<Seconds> host_forward_, host_backward_;  ///< by stage, of a chunk
};

}  // namespace

bool add_pipeline_step(const StepInputs& inputs, const LayoutExchanges& exchanges, const LayerTasks& layers,
                       std::vector<TaskList>& stages) {
  return PipelineWriter(inputs, exchanges, layers, stages).write();
}

}  // namespace ithaca
