#pragma once
// An operation graph of cuDNN's backend interface: tensors, operations between them, and the plan that cuDNN's
// heuristics pick for the whole. Errors are collected; finish() reports the first.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ithaca {

class CudnnGraph {
 public:
  using Dims = std::vector<std::int64_t>;
  using Trouble = std::optional<std::string>;
  enum class Type { bf16, fp32, int32, boolean };
  enum class Binary { add, sub, mul, div, row_not_before_column };
  enum class Unary { exp, log, identity };
  enum class Reduction { sum, max };
  struct Tensor {
    std::int64_t id = 0;
    Dims dims, strides;
    Type type = Type::fp32;
    void* descriptor = nullptr;
  };

  CudnnGraph() = default;
  CudnnGraph(const CudnnGraph&) = delete;
  CudnnGraph& operator=(const CudnnGraph&) = delete;
  ~CudnnGraph();

  Tensor in_memory(const Dims& dims, const Dims& strides, Type type);
  Tensor scalar(float value);
  /// Results that never reach memory have the shape and type that are given here.
  Tensor matmul(const Tensor& a, const Tensor& b, const Tensor& c);
  Tensor between(const Dims& dims, Type type = Type::fp32);
  Tensor between(const Dims& dims, const Dims& strides, Type type);
  Tensor binary(Binary mode, const Tensor& a, const Tensor& b, const Tensor& result);
  Tensor unary(Unary mode, const Tensor& a, const Tensor& result);
  Tensor index(const Tensor& like, int axis);
  /// Where `condition` holds `a`, elsewhere `otherwise`.
  Tensor select(const Tensor& condition, const Tensor& a, const Tensor& otherwise);
  /// Over every dimension in which the result has size 1.
  Tensor reduce(Reduction mode, const Tensor& a, const Tensor& result);
  /// The same numbers seen through other strides.
  Tensor view(const Tensor& a, const Tensor& result);

  /// Picks and compiles a plan for the device of `handle` (a cudnnHandle_t).
  Trouble finish(void* handle);
  /// The same for a device that need not be there, described in cuDNN's JSON.
  Trouble finish_for(const std::string& device_json);
  std::int64_t workspace_bytes() const { return workspace_; }

  struct Binding {
    std::int64_t id;
    void* memory;
  };
  /// Runs on the handle's stream; scalars are bound already.
  Trouble run(void* handle, const std::vector<Binding>& bindings, void* workspace);

 private:
  struct Value {
    std::int64_t id;
    float value;
  };
  void* make(int descriptor_type);
  void set(void* descriptor, int attribute, int type, std::int64_t count, const void* values);
  void set_descriptor(void* descriptor, int attribute, void* value);
  void set_int(void* descriptor, int attribute, std::int64_t value);
  void finalize(void* descriptor);
  void fail(const char* what, int status);
  Tensor tensor(const Dims& dims, const Dims& strides, Type type, bool in_memory, bool by_value);
  void* pointwise(int mode, Type compute, int axis = -1);
  void operation(int type, const std::vector<std::pair<int, void*>>& parts);
  void build_graph();
  Trouble pick_plan(void* handle, void* device);

  std::vector<void*> descriptors_;
  std::vector<void*> operations_;
  std::vector<Value> values_;
  Trouble trouble_;
  void* graph_ = nullptr;
  void* plan_ = nullptr;
  std::int64_t next_id_ = 1;
  std::int64_t workspace_ = 0;
};

/// Sizes of tensors whose elements stand as the list says, the last next to each other.
CudnnGraph::Dims packed_strides(const CudnnGraph::Dims& dims);

}  // namespace ithaca
