#include "sim/step_program.hpp"

#include <utility>

#include "model/legality.hpp"
#include "model/refusal.hpp"
#include "sim/layer_tasks.hpp"
#include "sim/pipeline_program.hpp"

namespace ithaca {
namespace {

using MaybeTask = TaskList::MaybeTask;

/// Writes the steps of a layout without stages.
class StepWriter {
 public:
  StepWriter(const StepInputs& inputs, const LayoutExchanges& exchanges, const LayerTasks& layers, TaskList& tasks)
      : in_(inputs),
        x_(exchanges),
        layers_(layers),
        tasks_(tasks),
        host_(closed_form(inputs, 0)),
        copies_(host_copies(inputs, 0)),
        stored_(static_cast<std::size_t>(inputs.model.layers)) {}

  void write_step() {
    const auto micro = static_cast<std::int64_t>(micro_batches(in_.work, in_.layout));
    for (std::int64_t m = 0; m < micro; ++m) {
      weights_.reset();
      forward();
      ends();
      backward(m + 1 == micro);
      if (m + 1 < micro && in_.layout.zero >= 2)
        tasks_.wait_for(tasks_.beside(gradients_down_, copies_.gradients, kToHost));
    }
    tasks_.blocking(reduce_, x_.stages[0].reduce_all);
    update();
  }

 private:
  const Rounds& gather_of(std::int64_t layer) const { return x_.gather[static_cast<std::size_t>(in_.kind_of(layer))]; }
  const Rounds& gradients_of(std::int64_t layer, bool last) const {
    const Rounds& own = x_.reduce[static_cast<std::size_t>(in_.kind_of(layer))];
    return own.empty() && last ? x_.stages[0].reduce_bucket : own;
  }
  /// Those of each micro-batch; buckets at the end of a step go beside compute all the same.
  bool is_waited_for(std::int64_t layer) const {
    return !in_.work.overlap.parameters && !gradients_of(layer, false).empty();
  }
  MaybeTask& stored(std::int64_t layer) { return stored_[static_cast<std::size_t>(layer - 1)]; }
  void fetch(const Rounds& gather, Seconds copy);
  void fetch_now(const Rounds& gather, Seconds copy);
  void forward();
  void ends();
  void backward(bool last);
  void update();

  const StepInputs& in_;
  const LayoutExchanges& x_;
  const LayerTasks& layers_;
  TaskList& tasks_;
  StageTime host_;
  HostCopies copies_;
  MaybeTask weights_, copied_;     ///< on their way: what the next layer waits for, and from host memory
  MaybeTask input_;                ///< of the next layer's backward, out of host memory
  std::vector<MaybeTask> stored_;  ///< by layer, its input to host memory
  const std::string gather_ = "gather weights", reduce_ = "reduce gradients", wait_ = "wait for the host",
                    weights_up_ = "weights from the host", input_down_ = "layer input to the host",
                    input_up_ = "layer input from the host", gradients_down_ = "gradients to the host";
};

/// Weights for later: out of host memory, then from the other ranks, beside the next kernel. Or when they are needed.
void StepWriter::fetch(const Rounds& gather, Seconds copy) {
  weights_.reset();
  copied_.reset();
  const bool gathers = in_.work.overlap.parameters && !gather.empty();
  tasks_.put_aside(weights_up_, copy, kFromHost, gathers ? &copied_ : &weights_);
  if (gathers) tasks_.put_aside(gather_, gather, &weights_, &copied_);
}

void StepWriter::fetch_now(const Rounds& gather, Seconds copy) {
  tasks_.wait_for(tasks_.beside(weights_up_, copy, kFromHost));
  tasks_.wait_for(tasks_.beside(gather_, gather, kSharding));
}

void StepWriter::forward() {
  const std::int64_t layers = in_.model.layers;
  const bool beside = in_.work.overlap.parameters;
  fetch_now(x_.gather_ends, copies_.ends);
  fetch_now(beside ? gather_of(1) : Rounds{}, copies_.layer(in_.kind_of(1)));
  for (std::int64_t l = 1; l <= layers; ++l) {
    tasks_.wait_for(weights_);
    if (!beside) fetch_now(gather_of(l), {});
    const bool more = l < layers;
    fetch(more ? gather_of(l + 1) : x_.gather_ends, more ? copies_.layer(in_.kind_of(l + 1)) : copies_.ends);
    if (l > 1) tasks_.put_aside(input_down_, copies_.input(in_.kind_of(l - 1)), kToHost, &stored(l - 1));
    layers_.forward(tasks_, in_.kind_of(l));
  }
  tasks_.compute(wait_, host_.host_forward);
  tasks_.wait_for(weights_);
  if (!beside) fetch_now(x_.gather_ends, {});
  fetch(gather_of(layers), copies_.layer(in_.kind_of(layers)));
  tasks_.put_aside(input_down_, copies_.input(in_.kind_of(layers)), kToHost, &stored(layers));
  tasks_.put_aside(input_up_, copies_.input(in_.kind_of(layers)), kFromHost, &input_, &stored(layers));
}

void StepWriter::ends() {
  const HeadTimes head = head_times(in_);
  tasks_.blocking("hidden states of the head", x_.tp_gather);
  tasks_.compute("embedding, head and loss", embedding_time(in_) + (head.forward + head.backward));
  tasks_.blocking("hidden states of the head", x_.tp_gather);
  tasks_.blocking("hidden states of the head", x_.tp_reduce);
  tasks_.blocking("hidden states of the embedding", x_.tp_reduce);
  tasks_.blocking("hidden states of the embedding", x_.tp_gather);
}

void StepWriter::backward(bool last) {
  const bool beside = in_.work.overlap.parameters;
  for (std::int64_t l = in_.model.layers; l >= 1; --l) {
    tasks_.wait_for(weights_);
    tasks_.wait_for(input_);
    if (!beside) fetch_now(gather_of(l), {});
    if (l < in_.model.layers && !is_waited_for(l + 1)) tasks_.put_aside(reduce_, gradients_of(l + 1, last));
    if (l > 1) fetch(gather_of(l - 1), copies_.layer(in_.kind_of(l - 1)));
    if (l > 1) tasks_.put_aside(input_up_, copies_.input(in_.kind_of(l - 1)), kFromHost, &input_, &stored(l - 1));
    layers_.backward(tasks_, in_.kind_of(l), in_.repeats(l));
    if (is_waited_for(l)) tasks_.wait_for(tasks_.beside(reduce_, gradients_of(l, last), kSharding));
  }
  tasks_.compute(wait_, host_.host_backward);
  if (!is_waited_for(1)) tasks_.wait_for(tasks_.beside(reduce_, gradients_of(1, last), kSharding));
  tasks_.wait_for(tasks_.beside(reduce_, x_.reduce_ends, kSharding));
}

/// On the host it goes on piece by piece while gradients come and new weights leave, both ways at once.
void StepWriter::update() {
  const MaybeTask down = tasks_.beside(gradients_down_, copies_.gradients, kToHost);
  const MaybeTask up = tasks_.beside("updated weights from the host", copies_.updated, kFromHost);
  tasks_.wait_for(down);
  tasks_.wait_for(up);
  tasks_.compute("optimizer", update_time(in_, 0));
  tasks_.wait_for(tasks_.beside("gather updated weights", x_.stages[0].gather_all, kSharding));
}

/// By rank.
std::vector<std::uint16_t> stages_of(const Layout& layout, const DimensionOrder& order) {
  std::vector<std::uint16_t> stages;
  const RankGrid grid(layout, order);
  for (std::uint32_t rank = 0; layout.pp > 1 && rank < static_cast<std::uint32_t>(layout.gpus()); ++rank)
    stages.push_back(static_cast<std::uint16_t>(grid.coordinate(rank, Dimension::pp)));
  return stages;
}

/// Layers one after another, or steps. False where a pipeline does not come to its end.
bool write_tasks(Program& program, const StepInputs& in, const LayoutExchanges& x, int steps, bool whole_step) {
  const LayerTasks layers(in, x, even_load_or(program, x.attention_load));
  std::vector<TaskList> stages;
  for (std::uint32_t s = 0; s < program.stages(); ++s) stages.emplace_back(program, s);
  for (int step = 0; step < steps; ++step) {
    if (!whole_step) {
      layers.forward(stages[0], main_kind(in.model));
      layers.backward(stages[0], main_kind(in.model), in.repeats(in.work.recompute_every));
    } else if (in.layout.pp == 1) {
      StepWriter(in, x, layers, stages[0]).write_step();
    } else if (!add_pipeline_step(in, x, layers, stages)) {
      return false;
    }
  }
  return true;
}

Result<Program, std::string> write_program(const Transformer& model, const Workload& work, const Cluster& cluster,
                                           const Layout& layout, const StepProgramOptions& options, bool whole_step) {
  if (const auto refusal = check_layout(model, work, cluster, layout)) return why(*refusal);
  const RankSplit rank = split_rank(model, work, layout);
  auto exchanges = layout_exchanges(model, work, cluster, layout, rank, options.order, whole_step);
  if (!exchanges) return exchanges.error();
  Program program;
  program.ranks = static_cast<std::uint32_t>(layout.gpus());
  if (whole_step) program.stage_of = stages_of(layout, options.order);
  if (!write_tasks(program, {model, work, cluster, layout, rank}, exchanges.value(), options.steps, whole_step))
    return std::string("the stages of the pipeline wait for each other: take micro-batches that the stages divide");
  program.exchanges = std::move(exchanges.value().exchanges);
  return program;
}

}  // namespace

Result<Program, std::string> step_program(const Transformer& model, const Workload& work, const Cluster& cluster,
                                          const Layout& layout, const StepProgramOptions& options) {
  return write_program(model, work, cluster, layout, options, true);
}

Result<Program, std::string> layer_program(const Transformer& model, const Workload& work, const Cluster& cluster,
                                           const Layout& layout, const StepProgramOptions& options) {
  return write_program(model, work, cluster, layout, options, false);
}

}  // namespace ithaca
