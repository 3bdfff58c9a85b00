#pragma once
// The JSON of nccl-tests (-J FILE, since 2.17): NVIDIA/nccl-tests src/util.cu.

#include "configs/reader/document.hpp"
#include "configs/reader/nccl_tests_text.hpp"

namespace ithaca {

bool is_nccl_tests_json(const Document& document);

/// The same tables as the text has. The op is the test's program, args[0] or a row's experiment_name.
NcclTestsText read_nccl_tests_json(const Document& document, const CollectiveHints& hints);

}  // namespace ithaca
