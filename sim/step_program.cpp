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
      : in_(inputs), x_(exchanges), layers_(layers), tasks_(tasks), host_(closed_form(inputs, 0)) {}

  void write_step() {
    const auto micro = static_cast<std::int64_t>(micro_batches(in_.work, in_.layout));
    for (std::int64_t m = 0; m < micro; ++m) write_micro_batch(m + 1 == micro);
    tasks_.blocking("reduce gradients", x_.stages[0].reduce_all);
    tasks_.compute("optimizer", update_time(in_, 0));
    tasks_.wait_for(tasks_.beside("gather updated weights", x_.stages[0].gather_all, kSharding));
  }

 private:
  const Rounds& gather_of(std::int64_t layer) const { return x_.gather[static_cast<std::size_t>(in_.kind_of(layer))]; }
  const Rounds& gradients_of(std::int64_t layer, bool last) const {
    const Rounds& own = x_.reduce[static_cast<std::size_t>(in_.kind_of(layer))];
    return own.empty() && last ? x_.stages[0].reduce_bucket : own;
  }
  void write_micro_batch(bool last);
  void forward();
  void ends();
  void backward(bool last);

  const StepInputs& in_;
  const LayoutExchanges& x_;
  const LayerTasks& layers_;
  TaskList& tasks_;
  StageTime host_;
  MaybeTask weights_;  ///< that are on their way
  const std::string gather_ = "gather weights", reduce_ = "reduce gradients", wait_ = "wait for the host";
};

void StepWriter::write_micro_batch(bool last) {
  weights_.reset();
  forward();
  ends();
  backward(last);
}

void StepWriter::forward() {
  const std::int64_t layers = in_.model.layers;
  tasks_.wait_for(tasks_.beside(gather_, x_.gather_ends, kSharding));
  tasks_.wait_for(tasks_.beside(gather_, gather_of(1), kSharding));
  for (std::int64_t l = 1; l <= layers; ++l) {
    tasks_.wait_for(weights_);
    tasks_.put_aside(gather_, l < layers ? gather_of(l + 1) : x_.gather_ends, &weights_);
    layers_.forward(tasks_, in_.kind_of(l));
  }
  tasks_.compute(wait_, host_.host_forward);
  tasks_.wait_for(weights_);
  tasks_.put_aside(gather_, gather_of(layers), &weights_);
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
  for (std::int64_t l = in_.model.layers; l >= 1; --l) {
    tasks_.wait_for(weights_);
    if (l < in_.model.layers) tasks_.put_aside(reduce_, gradients_of(l + 1, last));
    if (l > 1) tasks_.put_aside(gather_, gather_of(l - 1), &weights_);
    layers_.backward(tasks_, in_.kind_of(l), in_.repeats(l));
  }
  tasks_.compute(wait_, host_.host_backward);
  tasks_.wait_for(tasks_.beside(reduce_, gradients_of(1, last), kSharding));
  tasks_.wait_for(tasks_.beside(reduce_, x_.reduce_ends, kSharding));
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
