#include "validate/probe/cudnn_graph.hpp"

#include <cudnn.h>

namespace ithaca {
namespace {

cudnnDataType_t cudnn_type(CudnnGraph::Type type) {
  switch (type) {
    case CudnnGraph::Type::bf16: return CUDNN_DATA_BFLOAT16;
    case CudnnGraph::Type::fp32: return CUDNN_DATA_FLOAT;
    case CudnnGraph::Type::int32: return CUDNN_DATA_INT32;
    case CudnnGraph::Type::boolean: return CUDNN_DATA_BOOLEAN;
  }
  return CUDNN_DATA_FLOAT;
}

cudnnPointwiseMode_t cudnn_mode(CudnnGraph::Binary mode) {
  switch (mode) {
    case CudnnGraph::Binary::add: return CUDNN_POINTWISE_ADD;
    case CudnnGraph::Binary::sub: return CUDNN_POINTWISE_SUB;
    case CudnnGraph::Binary::mul: return CUDNN_POINTWISE_MUL;
    case CudnnGraph::Binary::div: return CUDNN_POINTWISE_DIV;
    case CudnnGraph::Binary::row_not_before_column: return CUDNN_POINTWISE_CMP_GE;
  }
  return CUDNN_POINTWISE_IDENTITY;
}

cudnnPointwiseMode_t cudnn_mode(CudnnGraph::Unary mode) {
  switch (mode) {
    case CudnnGraph::Unary::exp: return CUDNN_POINTWISE_EXP;
    case CudnnGraph::Unary::log: return CUDNN_POINTWISE_LOG;
    case CudnnGraph::Unary::identity: return CUDNN_POINTWISE_IDENTITY;
  }
  return CUDNN_POINTWISE_IDENTITY;
}

std::string last_message() {
  char text[2048] = "";
  cudnnGetLastErrorString(text, sizeof text);
  return text;
}

}  // namespace

CudnnGraph::Dims packed_strides(const CudnnGraph::Dims& dims) {
  CudnnGraph::Dims strides(dims.size(), 1);
  for (std::size_t i = dims.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

CudnnGraph::~CudnnGraph() {
  for (; !descriptors_.empty(); descriptors_.pop_back()) cudnnBackendDestroyDescriptor(descriptors_.back());
}

void CudnnGraph::fail(const char* what, int status) {
  if (status == CUDNN_STATUS_SUCCESS || trouble_) return;
  trouble_ = std::string("cuDNN, ") + what + ": " + cudnnGetErrorString(static_cast<cudnnStatus_t>(status)) + "; " +
             last_message();
}

void* CudnnGraph::make(int descriptor_type) {
  cudnnBackendDescriptor_t descriptor = nullptr;
  fail("a descriptor",
       cudnnBackendCreateDescriptor(static_cast<cudnnBackendDescriptorType_t>(descriptor_type), &descriptor));
  if (descriptor != nullptr) descriptors_.push_back(descriptor);
  return descriptor;
}

void CudnnGraph::set(void* descriptor, int attribute, int type, std::int64_t count, const void* values) {
  if (trouble_) return;
  fail("an attribute", cudnnBackendSetAttribute(descriptor, static_cast<cudnnBackendAttributeName_t>(attribute),
                                                static_cast<cudnnBackendAttributeType_t>(type), count, values));
}

void CudnnGraph::set_descriptor(void* descriptor, int attribute, void* value) {
  set(descriptor, attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

void CudnnGraph::set_int(void* descriptor, int attribute, std::int64_t value) {
  set(descriptor, attribute, CUDNN_TYPE_INT64, 1, &value);
}

void CudnnGraph::finalize(void* descriptor) {
  if (!trouble_) fail("a finished descriptor", cudnnBackendFinalize(descriptor));
}

CudnnGraph::Tensor CudnnGraph::tensor(const Dims& dims, const Dims& strides, Type type, bool in_memory, bool by_value) {
  constexpr std::int64_t kAlignment = 16;
  Tensor t{next_id_++, dims, strides, type, make(CUDNN_BACKEND_TENSOR_DESCRIPTOR)};
  const cudnnDataType_t data_type = cudnn_type(type);
  const bool is_virtual = !in_memory;
  const auto rank = static_cast<std::int64_t>(dims.size());
  set(t.descriptor, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &data_type);
  set(t.descriptor, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, rank, dims.data());
  set(t.descriptor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, rank, strides.data());
  set_int(t.descriptor, CUDNN_ATTR_TENSOR_UNIQUE_ID, t.id);
  set_int(t.descriptor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, kAlignment);
  set(t.descriptor, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual);
  set(t.descriptor, CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &by_value);
  finalize(t.descriptor);
  return t;
}

CudnnGraph::Tensor CudnnGraph::in_memory(const Dims& dims, const Dims& strides, Type type) {
  return tensor(dims, strides, type, true, false);
}

CudnnGraph::Tensor CudnnGraph::scalar(float value) {
  Tensor t = tensor({1, 1, 1, 1}, {1, 1, 1, 1}, Type::fp32, true, true);
  values_.push_back({t.id, value});
  return t;
}

CudnnGraph::Tensor CudnnGraph::between(const Dims& dims, Type type) {
  return between(dims, packed_strides(dims), type);
}

CudnnGraph::Tensor CudnnGraph::between(const Dims& dims, const Dims& strides, Type type) {
  return tensor(dims, strides, type, false, false);
}

void CudnnGraph::operation(int type, const std::vector<std::pair<int, void*>>& parts) {
  void* op = make(type);
  for (const auto& [attribute, descriptor] : parts) set_descriptor(op, attribute, descriptor);
  finalize(op);
  operations_.push_back(op);
}

void* CudnnGraph::pointwise(int mode, Type compute, int axis) {
  void* descriptor = make(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  const auto pointwise_mode = static_cast<cudnnPointwiseMode_t>(mode);
  const cudnnDataType_t precision = cudnn_type(compute);
  set(descriptor, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &pointwise_mode);
  set(descriptor, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &precision);
  if (axis >= 0) set_int(descriptor, CUDNN_ATTR_POINTWISE_AXIS, axis);
  finalize(descriptor);
  return descriptor;
}

CudnnGraph::Tensor CudnnGraph::matmul(const Tensor& a, const Tensor& b, const Tensor& c) {
  void* descriptor = make(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
  const cudnnDataType_t precision = CUDNN_DATA_FLOAT;
  set(descriptor, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &precision);
  finalize(descriptor);
  operation(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_MATMUL_ADESC, a.descriptor},
                                                        {CUDNN_ATTR_OPERATION_MATMUL_BDESC, b.descriptor},
                                                        {CUDNN_ATTR_OPERATION_MATMUL_CDESC, c.descriptor},
                                                        {CUDNN_ATTR_OPERATION_MATMUL_DESC, descriptor}});
  return c;
}

CudnnGraph::Tensor CudnnGraph::binary(Binary mode, const Tensor& a, const Tensor& b, const Tensor& result) {
  const bool compares = mode == Binary::row_not_before_column;
  void* descriptor = pointwise(cudnn_mode(mode), compares ? Type::boolean : Type::fp32);
  operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, a.descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b.descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, result.descriptor}});
  return result;
}

CudnnGraph::Tensor CudnnGraph::unary(Unary mode, const Tensor& a, const Tensor& result) {
  void* descriptor = pointwise(cudnn_mode(mode), Type::fp32);
  operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, a.descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, result.descriptor}});
  return result;
}

CudnnGraph::Tensor CudnnGraph::index(const Tensor& like, int axis) {
  Tensor result = between(like.dims, Type::int32);
  void* descriptor = pointwise(CUDNN_POINTWISE_GEN_INDEX, Type::fp32, axis);
  operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, like.descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, result.descriptor}});
  return result;
}

CudnnGraph::Tensor CudnnGraph::select(const Tensor& condition, const Tensor& a, const Tensor& otherwise) {
  Tensor result = between(a.dims);
  void* descriptor = pointwise(CUDNN_POINTWISE_BINARY_SELECT, Type::fp32);
  operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, a.descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_BDESC, otherwise.descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_TDESC, condition.descriptor},
                                                           {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, result.descriptor}});
  return result;
}

CudnnGraph::Tensor CudnnGraph::reduce(Reduction mode, const Tensor& a, const Tensor& result) {
  void* descriptor = make(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
  const cudnnReduceTensorOp_t op = mode == Reduction::max ? CUDNN_REDUCE_TENSOR_MAX : CUDNN_REDUCE_TENSOR_ADD;
  const cudnnDataType_t precision = CUDNN_DATA_FLOAT;
  set(descriptor, CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, &op);
  set(descriptor, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &precision);
  finalize(descriptor);
  operation(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_REDUCTION_XDESC, a.descriptor},
                                                           {CUDNN_ATTR_OPERATION_REDUCTION_YDESC, result.descriptor},
                                                           {CUDNN_ATTR_OPERATION_REDUCTION_DESC, descriptor}});
  return result;
}

CudnnGraph::Tensor CudnnGraph::view(const Tensor& a, const Tensor& result) {
  operation(CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_RESHAPE_XDESC, a.descriptor},
                                                         {CUDNN_ATTR_OPERATION_RESHAPE_YDESC, result.descriptor}});
  return result;
}

CudnnGraph::Trouble CudnnGraph::finish(void* handle) {
  graph_ = make(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  set(graph_, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  build_graph();
  return pick_plan(handle, nullptr);
}

CudnnGraph::Trouble CudnnGraph::finish_for(const std::string& device_json) {
  void* device = make(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  set(device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
      static_cast<std::int64_t>(device_json.size()) + 1, device_json.c_str());
  finalize(device);
  graph_ = make(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  build_graph();
  return pick_plan(nullptr, device);
}

void CudnnGraph::build_graph() {
  set(graph_, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
      static_cast<std::int64_t>(operations_.size()), operations_.data());
  finalize(graph_);
}

CudnnGraph::Trouble CudnnGraph::pick_plan(void* handle, void* device) {
  void* heuristics = make(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  const cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
  set_descriptor(heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph_);
  set(heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  if (device != nullptr) set_descriptor(heuristics, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device);
  finalize(heuristics);
  constexpr std::int64_t kTried = 8;
  std::vector<cudnnBackendDescriptor_t> configs;
  for (std::int64_t i = 0; i < kTried; ++i) configs.push_back(make(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
  if (trouble_) return trouble_;
  std::int64_t found = 0;
  fail("heuristics", cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                              kTried, &found, configs.data()));
  if (trouble_) return trouble_;
  std::string why = "the heuristics know no engine";
  for (std::int64_t i = 0; i < found && i < kTried; ++i) {
    void* plan = make(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    if (handle != nullptr) set(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
    if (device != nullptr) set_descriptor(plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device);
    set_descriptor(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configs[static_cast<std::size_t>(i)]);
    if (trouble_) return trouble_;
    if (cudnnBackendFinalize(plan) != CUDNN_STATUS_SUCCESS) {
      why = last_message();
      continue;
    }
    plan_ = plan;
    fail("workspace", cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1,
                                               nullptr, &workspace_));
    return trouble_;
  }
  return trouble_ = "cuDNN has no kernel for this graph: " + why;
}

CudnnGraph::Trouble CudnnGraph::run(void* handle, const std::vector<Binding>& bindings, void* workspace) {
  std::vector<std::int64_t> ids;
  std::vector<void*> memory;
  for (const Binding& b : bindings) {
    ids.push_back(b.id);
    memory.push_back(b.memory);
  }
  for (Value& v : values_) {
    ids.push_back(v.id);
    memory.push_back(&v.value);
  }
  void* pack = make(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  const auto count = static_cast<std::int64_t>(ids.size());
  set(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, ids.data());
  set(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, memory.data());
  set(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
  finalize(pack);
  if (!trouble_) fail("execution", cudnnBackendExecute(static_cast<cudnnHandle_t>(handle), plan_, pack));
  if (pack != nullptr) {
    cudnnBackendDestroyDescriptor(pack);
    descriptors_.pop_back();
  }
  return trouble_;
}

}  // namespace ithaca
