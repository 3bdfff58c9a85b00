#include <cublasLt.h>

#include <string>

#include "validate/probe/batch_plan.hpp"
#include "validate/probe/job.hpp"
#include "validate/probe/references.hpp"

namespace ithaca {
namespace {

using Layout = KernelSample::Layout;
constexpr std::size_t kWorkspace = 32u << 20;  // what NVIDIA recommends for Hopper

Trouble lt_trouble(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return std::nullopt;
  return std::string("cuBLASLt, ") + what + ": " + cublasLtGetStatusString(status);
}

/// C[m,n] = A[m,k] B[k,n], all row by row, which cuBLASLt sees as columns: C^T = B^T A^T. `tn` has B stored as [n,k],
/// `nt` has A stored as [k,m].
class GemmPlan {
 public:
  GemmPlan() = default;
  GemmPlan(const GemmPlan&) = delete;
  GemmPlan& operator=(const GemmPlan&) = delete;
  ~GemmPlan() {
    for (cublasLtMatrixLayout_t layout : {a_, b_, c_})
      if (layout != nullptr) cublasLtMatrixLayoutDestroy(layout);
    if (operation_ != nullptr) cublasLtMatmulDescDestroy(operation_);
    if (handle_ != nullptr) cublasLtDestroy(handle_);
  }

  Trouble prepare(const Gemm& g, Layout layout) {
    Trouble trouble = lt_trouble(cublasLtCreate(&handle_), "a handle");
    if (!trouble) trouble = describe(g, layout);
    if (!trouble) trouble = choose();
    if (trouble) return trouble;
    auto workspace = Buffer::take(Bytes{static_cast<double>(kWorkspace)});
    if (!workspace) return workspace.error();
    workspace_ = *workspace;
    return std::nullopt;
  }

  Trouble enqueue(const void* a, const void* b, void* c, device::Stream stream) {
    const float one = 1, zero = 0;
    return lt_trouble(cublasLtMatmul(handle_, operation_, &one, b, b_, a, a_, &zero, c, c_, c, c_, &best_.algo,
                                     workspace_->at(0), kWorkspace, stream),
                      "a product");
  }

 private:
  Trouble describe(const Gemm& g, Layout layout) {
    const cublasOperation_t plain = CUBLAS_OP_N, turned = CUBLAS_OP_T;
    const bool b_turned = layout == Layout::tn, a_turned = layout == Layout::nt;
    const auto m = static_cast<std::uint64_t>(g.m), n = static_cast<std::uint64_t>(g.n),
               k = static_cast<std::uint64_t>(g.k);
    Trouble trouble = lt_trouble(cublasLtMatmulDescCreate(&operation_, CUBLAS_COMPUTE_32F, CUDA_R_32F), "an operation");
    const auto set = [&](cublasLtMatmulDescAttributes_t attribute, bool is_turned) {
      const cublasOperation_t& value = is_turned ? turned : plain;
      if (!trouble)
        trouble = lt_trouble(cublasLtMatmulDescSetAttribute(operation_, attribute, &value, sizeof value), "a layout");
    };
    set(CUBLASLT_MATMUL_DESC_TRANSA, b_turned);
    set(CUBLASLT_MATMUL_DESC_TRANSB, a_turned);
    const auto matrix = [&](cublasLtMatrixLayout_t& matrix, std::uint64_t rows, std::uint64_t columns) {
      if (!trouble)
        trouble =
            lt_trouble(cublasLtMatrixLayoutCreate(&matrix, CUDA_R_16BF, rows, columns, static_cast<std::int64_t>(rows)),
                       "a matrix");
    };
    matrix(b_, b_turned ? k : n, b_turned ? n : k);
    matrix(a_, a_turned ? m : k, a_turned ? k : m);
    matrix(c_, n, m);
    return trouble;
  }

  /// The algorithm that the library's heuristics put first.
  Trouble choose() {
    cublasLtMatmulPreference_t preference = nullptr;
    int found = 0;
    Trouble trouble = lt_trouble(cublasLtMatmulPreferenceCreate(&preference), "a preference");
    if (!trouble)
      trouble = lt_trouble(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                                &kWorkspace, sizeof kWorkspace),
                           "a preference");
    if (!trouble)
      trouble =
          lt_trouble(cublasLtMatmulAlgoGetHeuristic(handle_, operation_, b_, a_, c_, c_, preference, 1, &best_, &found),
                     "heuristics");
    if (preference != nullptr) cublasLtMatmulPreferenceDestroy(preference);
    if (!trouble && found == 0) trouble = "cuBLASLt has no algorithm for this shape";
    return trouble;
  }

  cublasLtHandle_t handle_ = nullptr;
  cublasLtMatmulDesc_t operation_ = nullptr;
  cublasLtMatrixLayout_t a_ = nullptr, b_ = nullptr, c_ = nullptr;
  cublasLtMatmulHeuristicResult_t best_{};
  std::shared_ptr<Buffer> workspace_;
};

/// On the CPU, of the numbers as they are stored.
std::vector<float> product(const Gemm& g, Layout layout, const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> c;
  const auto at = [](const std::vector<float>& v, std::int64_t i) { return v[static_cast<std::size_t>(i)]; };
  for (std::int64_t i = 0; i < g.m; ++i)
    for (std::int64_t j = 0; j < g.n; ++j) {
      float sum = 0;
      for (std::int64_t l = 0; l < g.k; ++l)
        sum += at(a, layout == Layout::nt ? l * g.m + i : i * g.k + l) *
               at(b, layout == Layout::tn ? j * g.k + l : l * g.n + j);
      c.push_back(sum);
    }
  return c;
}

Trouble check(Device& device, Layout layout) {
  constexpr double kRounding = 0.01;  // bf16 keeps 8 bits: 2^-8 = 0.004
  constexpr Gemm kSmall{32, 48, 64, 1};
  const auto a = device.random(kSmall.m * kSmall.k), b = device.random(kSmall.k * kSmall.n),
             c = device.random(kSmall.m * kSmall.n);
  for (const auto* buffer : {&a, &b, &c})
    if (!*buffer) return buffer->error();
  GemmPlan plan;
  if (Trouble trouble = plan.prepare(kSmall, layout)) return trouble;
  if (Trouble trouble = plan.enqueue((*a)->at(0), (*b)->at(0), (*c)->at(0), device.stream())) return trouble;
  const auto host_a = device.download(**a, static_cast<std::size_t>(kSmall.m * kSmall.k)),
             host_b = device.download(**b, static_cast<std::size_t>(kSmall.k * kSmall.n)),
             host_c = device.download(**c, static_cast<std::size_t>(kSmall.m * kSmall.n));
  for (const auto* numbers : {&host_a, &host_b, &host_c})
    if (!*numbers) return numbers->error();
  const double off = reference::difference(product(kSmall, layout, *host_a, *host_b), *host_c);
  if (off > kRounding)
    return "GEMM " + std::string(name(layout)) + " computes something else, off by " + std::to_string(off);
  return std::nullopt;
}

}  // namespace

Result<Job, std::string> gemm_job(Device& device, const KernelSample& s) {
  using Buffers = std::vector<std::shared_ptr<Buffer>>;
  const Gemm& g = s.gemm;
  auto plan = std::make_shared<GemmPlan>();
  if (const Trouble trouble = plan->prepare(g, s.layout)) return *trouble;
  const Bytes each{2.0 * static_cast<double>(g.m * g.k + g.k * g.n + g.m * g.n)};
  const int sets = buffer_sets(each, device.l2(), buffer_budget(device));
  if (sets == 0) return std::string("its matrices do not fit into the GPU's memory");
  Buffers a, b, c;
  for (int i = 0; i < sets; ++i) {
    for (const auto& [buffers, count] : {std::pair{&a, g.m * g.k}, {&b, g.k * g.n}, {&c, g.m * g.n}}) {
      const auto buffer = device.random(count);
      if (!buffer) return buffer.error();
      buffers->push_back(*buffer);
    }
  }
  Job job;
  job.sets = sets;
  job.enqueue = [plan, a, b, c, stream = device.stream()](int set) {
    const auto i = static_cast<std::size_t>(set);
    return plan->enqueue(a[i]->at(0), b[i]->at(0), c[i]->at(0), stream);
  };
  return job;
}

Trouble check_gemm(Device& device) {
  for (const Layout layout : {Layout::tn, Layout::nn, Layout::nt})
    if (Trouble trouble = check(device, layout)) return trouble;
  return std::nullopt;
}

}  // namespace ithaca
