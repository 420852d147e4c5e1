// A graphics card by webgpu.h: what is held of it, and how it is opened.
#pragma once

#include "gpu-library.h"

#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace isoflop {

/** A range of a buffer as a dispatch binds it; in words of four bytes. */
struct Range {
  int32_t buffer, offset, count;
  bool operator==(const Range& other) const {
    return buffer == other.buffer && offset == other.offset && count == other.count;
  }
};

/** Which ranges a pipeline's bindings name: the key under which a bind group is kept. */
struct GroupKey {
  int32_t pipeline;
  std::vector<Range> ranges;
  bool operator==(const GroupKey& other) const { return pipeline == other.pipeline && ranges == other.ranges; }
};
struct GroupHash {
  size_t operator()(const GroupKey& key) const {
    uint64_t hash = 1469598103934665603ull ^ static_cast<uint32_t>(key.pipeline);
    for (const Range& range : key.ranges)
      for (const int32_t part : {range.buffer, range.offset, range.count})
        hash = (hash ^ static_cast<uint32_t>(part)) * 1099511628211ull;
    return static_cast<size_t>(hash ^ (hash >> 29));
  }
};

struct Pipeline {
  WGPUComputePipeline pipeline;
  WGPUBindGroupLayout layout;
};

/** Bind groups kept at most: a training step of a hundred layers makes about two thousand. */
constexpr size_t mostGroups = 8192;
/** Offsets of a dynamic uniform binding are multiples of this on every device. */
constexpr uint64_t paramsStride = 256;

struct Device {
  WebGpu gpu;
  WGPUInstance instance = nullptr;
  WGPUAdapter adapter = nullptr;
  WGPUDevice device = nullptr;
  WGPUQueue queue = nullptr;
  WGPUBuffer params = nullptr;
  uint64_t paramsBytes = 0;
  WGPUBuffer staging = nullptr;
  uint64_t stagingBytes = 0, readBytes = 0;
  std::vector<WGPUBuffer> buffers;
  std::vector<int32_t> free;
  std::vector<Pipeline> pipelines;
  std::unordered_map<GroupKey, WGPUBindGroup, GroupHash> groups;
  std::vector<uint8_t> packed;
  std::string name;
  std::mutex mutex; // the error may be told on the thread that waits
  std::string error;

  void tell(const char* kind, const std::string& message) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (error.empty()) error = std::string(kind) + "\t" + message;
  }
  ~Device() {
    forgetGroups();
    for (const Pipeline& one : pipelines) {
      if (one.layout) gpu.BindGroupLayoutRelease(one.layout);
      if (one.pipeline) gpu.ComputePipelineRelease(one.pipeline);
    }
    for (WGPUBuffer buffer : buffers) drop(buffer);
    drop(params);
    drop(staging);
    if (queue) gpu.QueueRelease(queue);
    if (device) {
      gpu.DevicePoll(device, 1, nullptr);
      gpu.DeviceRelease(device);
    }
    if (adapter) gpu.AdapterRelease(adapter);
    if (instance) gpu.InstanceRelease(instance);
  }
  void drop(WGPUBuffer buffer) {
    if (!buffer) return;
    gpu.BufferDestroy(buffer);
    gpu.BufferRelease(buffer);
  }
  void forgetGroups() {
    for (const auto& one : groups) gpu.BindGroupRelease(one.second);
    groups.clear();
  }
  WGPUBuffer create(uint64_t bytes, WGPUBufferUsage usage) {
    WGPUBufferDescriptor descriptor{};
    descriptor.size = bytes;
    descriptor.usage = usage;
    return gpu.DeviceCreateBuffer(device, &descriptor);
  }
  bool failed() {
    const std::lock_guard<std::mutex> lock(mutex);
    return !error.empty();
  }
};

inline Device& of(uint64_t handle) { return *reinterpret_cast<Device*>(static_cast<uintptr_t>(handle)); }
inline WGPUStringView view(const char* text) { return {text, std::strlen(text)}; }
inline std::string textOf(WGPUStringView text) {
  if (!text.data) return "";
  return std::string(text.data, text.length == WGPU_STRLEN ? std::strlen(text.data) : text.length);
}

/** The first adapter of the fast kind, or null with the reason in `why`. */
inline WGPUAdapter requestAdapter(Device& own, std::string& why) {
  WGPURequestAdapterOptions options{};
  options.featureLevel = WGPUFeatureLevel_Core;
  options.powerPreference = WGPUPowerPreference_HighPerformance;
#if defined(__APPLE__)
  options.backendType = WGPUBackendType_Metal;
#else
  options.backendType = WGPUBackendType_Vulkan;
#endif
  WGPUAdapter found = nullptr;
  WGPURequestAdapterCallbackInfo info{};
  info.mode = WGPUCallbackMode_AllowProcessEvents;
  info.userdata1 = &found;
  info.userdata2 = &why;
  info.callback = [](WGPURequestAdapterStatus status, WGPUAdapter adapter, WGPUStringView text, void* to,
                     void* reason) {
    if (status == WGPURequestAdapterStatus_Success)
      *static_cast<WGPUAdapter*>(to) = adapter;
    else
      *static_cast<std::string*>(reason) = textOf(text).empty() ? "none" : textOf(text);
  };
  own.gpu.InstanceRequestAdapter(own.instance, &options, info);
  for (int turn = 0; turn < 1000 && !found && why.empty(); turn++) own.gpu.InstanceProcessEvents(own.instance);
  return found;
}

/** A device with all that the adapter allows; null with the reason in `why`. */
inline WGPUDevice requestDevice(Device& own, WGPULimits limits, std::string& why) {
  limits.nextInChain = nullptr;
  WGPUDeviceDescriptor descriptor{};
  descriptor.label = view("isoflop");
  descriptor.requiredLimits = &limits;
  descriptor.uncapturedErrorCallbackInfo.userdata1 = &own;
  descriptor.uncapturedErrorCallbackInfo.callback = [](WGPUDevice const*, WGPUErrorType type, WGPUStringView text,
                                                       void* to, void*) {
    static_cast<Device*>(to)->tell(type == WGPUErrorType_OutOfMemory ? "memory" : "error", textOf(text));
  };
  descriptor.deviceLostCallbackInfo.mode = WGPUCallbackMode_AllowSpontaneous;
  descriptor.deviceLostCallbackInfo.userdata1 = &own;
  descriptor.deviceLostCallbackInfo.callback = [](WGPUDevice const*, WGPUDeviceLostReason reason, WGPUStringView text,
                                                  void* to, void*) {
    if (reason != WGPUDeviceLostReason_Destroyed) static_cast<Device*>(to)->tell("lost", textOf(text));
  };
  WGPUDevice found = nullptr;
  WGPURequestDeviceCallbackInfo info{};
  info.mode = WGPUCallbackMode_AllowProcessEvents;
  info.userdata1 = &found;
  info.userdata2 = &why;
  info.callback = [](WGPURequestDeviceStatus status, WGPUDevice device, WGPUStringView text, void* to, void* reason) {
    if (status == WGPURequestDeviceStatus_Success)
      *static_cast<WGPUDevice*>(to) = device;
    else
      *static_cast<std::string*>(reason) = textOf(text).empty() ? "refused" : textOf(text);
  };
  own.gpu.AdapterRequestDevice(own.adapter, &descriptor, info);
  for (int turn = 0; turn < 1000 && !found && why.empty(); turn++) own.gpu.InstanceProcessEvents(own.instance);
  return found;
}

} // namespace isoflop
