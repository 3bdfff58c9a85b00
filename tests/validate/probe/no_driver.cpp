// A CUDA driver for a machine without a GPU: it finds no device, and takes any kernel for loaded. cuDNN compiles its
// fused kernels for a device that is only described to it, but not without the driver's functions; with these its plans
// can be tested anywhere. Nothing runs.

#define ITHACA_FAILS(name) \
  int name() { return 100; } /* CUDA_ERROR_NO_DEVICE */
#define ITHACA_WORKS(name) \
  int name() { return 0; }
#define ITHACA_GIVES(name)  \
  int name(void** handle) { \
    *handle = handle;       \
    return 0;               \
  }

extern "C" {

int cuDriverGetVersion(int* version) {
  *version = 13000;
  return 0;
}

ITHACA_FAILS(cuInit)
ITHACA_FAILS(cuCtxGetLimit)
ITHACA_FAILS(cuCtxPopCurrent)
ITHACA_FAILS(cuCtxPushCurrent)
ITHACA_FAILS(cuDeviceGet)
ITHACA_FAILS(cuDeviceGetAttribute)
ITHACA_FAILS(cuDeviceGetCount)
ITHACA_FAILS(cuDevicePrimaryCtxRelease)
ITHACA_FAILS(cuDevicePrimaryCtxReset)
ITHACA_FAILS(cuDevicePrimaryCtxRetain)
ITHACA_FAILS(cuGetErrorName)
ITHACA_FAILS(cuGetErrorString)
ITHACA_FAILS(cuLaunchCooperativeKernel)
ITHACA_FAILS(cuLaunchKernel)
ITHACA_FAILS(cuLaunchKernelEx)
ITHACA_FAILS(cuLibraryLoadFromFile)
ITHACA_FAILS(cuLinkAddData)
ITHACA_FAILS(cuLinkAddData_v2)
ITHACA_FAILS(cuLinkAddFile_v2)
ITHACA_FAILS(cuLinkComplete)
ITHACA_FAILS(cuLinkCreate)
ITHACA_FAILS(cuLinkCreate_v2)
ITHACA_FAILS(cuLinkDestroy)
ITHACA_FAILS(cuMemcpyDtoH_v2)
ITHACA_FAILS(cuModuleGetGlobal_v2)
ITHACA_FAILS(cuOccupancyMaxActiveBlocksPerMultiprocessor)
ITHACA_FAILS(cuOccupancyMaxPotentialClusterSize)
ITHACA_FAILS(cuStreamGetCtx)
ITHACA_FAILS(cuStreamSynchronize)
ITHACA_FAILS(cuTensorMapEncodeTiled)
ITHACA_WORKS(cuCtxGetCurrent)
ITHACA_WORKS(cuCtxGetDevice)
ITHACA_WORKS(cuFuncGetAttribute)
ITHACA_WORKS(cuFuncSetAttribute)
ITHACA_WORKS(cuKernelGetAttribute)
ITHACA_WORKS(cuKernelSetAttribute)
ITHACA_WORKS(cuLibraryUnload)
ITHACA_WORKS(cuModuleUnload)
ITHACA_GIVES(cuLibraryGetKernel)
ITHACA_GIVES(cuLibraryLoadData)
ITHACA_GIVES(cuModuleGetFunction)
ITHACA_GIVES(cuModuleLoadData)
ITHACA_GIVES(cuModuleLoadDataEx)
ITHACA_GIVES(cuModuleLoadFatBinary)

}  // extern "C"
