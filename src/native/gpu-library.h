// The functions of webgpu.h, looked up in a library that is opened at run time; two of them are wgpu-native's own.
#pragma once

#include "webgpu/webgpu.h"

#include <string>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace isoflop {

/** Functions every implementation of webgpu.h has. */
#define ISOFLOP_WEBGPU_FUNCTIONS(X)                                                                                    \
  X(AdapterGetInfo)                                                                                                    \
  X(AdapterGetLimits)                                                                                                  \
  X(AdapterRelease)                                                                                                    \
  X(AdapterRequestDevice)                                                                                              \
  X(BindGroupLayoutRelease)                                                                                            \
  X(BindGroupRelease)                                                                                                  \
  X(BufferDestroy)                                                                                                     \
  X(BufferGetConstMappedRange)                                                                                         \
  X(BufferMapAsync)                                                                                                    \
  X(BufferRelease)                                                                                                     \
  X(BufferUnmap)                                                                                                       \
  X(CommandBufferRelease)                                                                                              \
  X(CommandEncoderBeginComputePass)                                                                                    \
  X(CommandEncoderCopyBufferToBuffer)                                                                                  \
  X(CommandEncoderFinish)                                                                                              \
  X(CommandEncoderRelease)                                                                                             \
  X(ComputePassEncoderDispatchWorkgroups)                                                                              \
  X(ComputePassEncoderEnd)                                                                                             \
  X(ComputePassEncoderRelease)                                                                                         \
  X(ComputePassEncoderSetBindGroup)                                                                                    \
  X(ComputePassEncoderSetPipeline)                                                                                     \
  X(ComputePipelineRelease)                                                                                            \
  X(CreateInstance)                                                                                                    \
  X(DeviceCreateBindGroup)                                                                                             \
  X(DeviceCreateBindGroupLayout)                                                                                       \
  X(DeviceCreateBuffer)                                                                                                \
  X(DeviceCreateCommandEncoder)                                                                                        \
  X(DeviceCreateComputePipeline)                                                                                       \
  X(DeviceCreatePipelineLayout)                                                                                        \
  X(DeviceCreateShaderModule)                                                                                          \
  X(DeviceGetQueue)                                                                                                    \
  X(DeviceRelease)                                                                                                     \
  X(InstanceProcessEvents)                                                                                             \
  X(InstanceRelease)                                                                                                   \
  X(InstanceRequestAdapter)                                                                                            \
  X(PipelineLayoutRelease)                                                                                             \
  X(QueueRelease)                                                                                                      \
  X(QueueSubmit)                                                                                                       \
  X(QueueWriteBuffer)                                                                                                  \
  X(ShaderModuleRelease)

struct WebGpu {
#define ISOFLOP_POINTER(name) decltype(&wgpu##name) name = nullptr;
  ISOFLOP_WEBGPU_FUNCTIONS(ISOFLOP_POINTER)
#undef ISOFLOP_POINTER
  /** wgpu-native: does what is due; with `wait` set, blocks until all that was submitted is done. */
  WGPUBool (*DevicePoll)(WGPUDevice, WGPUBool wait, uint64_t const* submission) = nullptr;
  /** wgpu-native, may be missing: a shader whose accesses are not checked against the bounds of its buffers. */
  WGPUShaderModule (*DeviceCreateShaderModuleTrusted)(WGPUDevice, WGPUShaderModuleDescriptor const*,
                                                      uint64_t checks) = nullptr;

  /** Opens the library and finds every function; the reason where that fails, else an empty text. */
  std::string open(const char* path) {
#if defined(_WIN32)
    const HMODULE library = LoadLibraryA(path);
    if (!library) return "library\terror " + std::to_string(GetLastError());
    const auto find = [&](const char* name) { return reinterpret_cast<void*>(GetProcAddress(library, name)); };
#else
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return std::string("library\t") + dlerror();
    const auto find = [&](const char* name) { return dlsym(library, name); };
#endif
#define ISOFLOP_FIND(name)                                                                                             \
  name = reinterpret_cast<decltype(name)>(find("wgpu" #name));                                                         \
  if (!name) return "library\tthere is no wgpu" #name " in it";
    ISOFLOP_WEBGPU_FUNCTIONS(ISOFLOP_FIND)
    ISOFLOP_FIND(DevicePoll)
#undef ISOFLOP_FIND
    DeviceCreateShaderModuleTrusted = reinterpret_cast<decltype(DeviceCreateShaderModuleTrusted)>(
        find("wgpuDeviceCreateShaderModuleTrusted"));
    return "";
  }
};

} // namespace isoflop
