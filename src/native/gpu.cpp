// A flat layer over WebGPU's C API: a device, its buffers and compute pipelines as numbers, and a whole list of
// dispatches in one call. The library that implements WebGPU (wgpu-native) is opened at run time, so that nothing
// links against it.
#include "api.h"
#include "gpu-device.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

using namespace isoflop;

namespace {

WGPUBindGroup groupOf(Device& own, const GroupKey& key) {
  const auto found = own.groups.find(key);
  if (found != own.groups.end()) return found->second;
  if (own.groups.size() >= mostGroups) own.forgetGroups();
  std::vector<WGPUBindGroupEntry> entries(key.ranges.size() + 1);
  entries[0] = {};
  entries[0].buffer = own.params;
  entries[0].size = paramsStride;
  for (size_t i = 0; i < key.ranges.size(); i++) {
    WGPUBindGroupEntry& entry = entries[i + 1];
    entry = {};
    entry.binding = static_cast<uint32_t>(i + 1);
    entry.buffer = own.buffers[static_cast<size_t>(key.ranges[i].buffer)];
    entry.offset = 4ull * static_cast<uint32_t>(key.ranges[i].offset);
    entry.size = 4ull * static_cast<uint32_t>(key.ranges[i].count);
  }
  WGPUBindGroupDescriptor descriptor{};
  descriptor.layout = own.pipelines[static_cast<size_t>(key.pipeline)].layout;
  descriptor.entryCount = entries.size();
  descriptor.entries = entries.data();
  const WGPUBindGroup group = own.gpu.DeviceCreateBindGroup(own.device, &descriptor);
  own.groups.emplace(key, group);
  return group;
}

} // namespace

const char* isf_gpu_open(const char* path, double* out) {
  static thread_local std::string why;
  auto own = std::make_unique<Device>();
  why = own->gpu.open(path);
  if (!why.empty()) return why.c_str();
  own->instance = own->gpu.CreateInstance(nullptr);
  if (own->instance) own->adapter = requestAdapter(*own, why);
  if (!own->adapter) return (why = "adapter\t" + why).c_str();
  WGPULimits limits{};
  own->gpu.AdapterGetLimits(own->adapter, &limits);
  WGPUAdapterInfo info{};
  own->gpu.AdapterGetInfo(own->adapter, &info);
  own->name = textOf(info.device) + "\t" + textOf(info.description) + "\t" + textOf(info.vendor);
  own->device = requestDevice(*own, limits, why);
  if (!own->device) return (why = "device\t" + why).c_str();
  own->queue = own->gpu.DeviceGetQueue(own->device);
  const double facts[] = {
      static_cast<double>(limits.maxStorageBufferBindingSize),
      static_cast<double>(limits.maxBufferSize),
      static_cast<double>(limits.maxComputeWorkgroupStorageSize),
      static_cast<double>(limits.maxComputeInvocationsPerWorkgroup),
      static_cast<double>(limits.maxComputeWorkgroupsPerDimension),
      static_cast<double>(limits.maxStorageBuffersPerShaderStage),
      static_cast<double>(info.adapterType == WGPUAdapterType_CPU),
      static_cast<double>(info.vendorID),
      static_cast<double>(info.deviceID),
      static_cast<double>(info.adapterType == WGPUAdapterType_IntegratedGPU),
  };
  std::copy(std::begin(facts), std::end(facts), out + 1);
  out[0] = static_cast<double>(reinterpret_cast<uintptr_t>(own.release()));
  return "";
}

void isf_gpu_close(uint64_t handle) { delete &of(handle); }

const char* isf_gpu_name(uint64_t handle) { return of(handle).name.c_str(); }

const char* isf_gpu_error(uint64_t handle) {
  static thread_local std::string taken;
  Device& own = of(handle);
  const std::lock_guard<std::mutex> lock(own.mutex);
  taken.swap(own.error);
  own.error.clear();
  return taken.c_str();
}

int isf_gpu_buffer(uint64_t handle, double bytes) {
  Device& own = of(handle);
  const WGPUBuffer buffer = own.create(static_cast<uint64_t>(bytes),
                                       WGPUBufferUsage_Storage | WGPUBufferUsage_CopyDst | WGPUBufferUsage_CopySrc);
  if (!buffer || own.failed()) {
    if (buffer) own.gpu.BufferRelease(buffer);
    return -1;
  }
  if (own.free.empty()) {
    own.buffers.push_back(buffer);
    return static_cast<int>(own.buffers.size()) - 1;
  }
  const int32_t place = own.free.back();
  own.free.pop_back();
  own.buffers[static_cast<size_t>(place)] = buffer;
  return place;
}

void isf_gpu_release(uint64_t handle, int buffer) {
  Device& own = of(handle);
  for (auto one = own.groups.begin(); one != own.groups.end();) {
    const auto& ranges = one->first.ranges;
    const bool names = std::any_of(ranges.begin(), ranges.end(), [&](const Range& r) { return r.buffer == buffer; });
    if (names) own.gpu.BindGroupRelease(one->second);
    one = names ? own.groups.erase(one) : std::next(one);
  }
  own.drop(own.buffers[static_cast<size_t>(buffer)]);
  own.buffers[static_cast<size_t>(buffer)] = nullptr;
  own.free.push_back(buffer);
}

void isf_gpu_write(uint64_t handle, int buffer, double offset, const void* data, double bytes) {
  Device& own = of(handle);
  own.gpu.QueueWriteBuffer(own.queue, own.buffers[static_cast<size_t>(buffer)], static_cast<uint64_t>(offset), data,
                           static_cast<size_t>(bytes));
}

int isf_gpu_pipeline(uint64_t handle, const char* code, int bindings, int readOnly, int isTrusted) {
  Device& own = of(handle);
  WebGpu& gpu = own.gpu;
  WGPUShaderSourceWGSL source{};
  source.chain.sType = WGPUSType_ShaderSourceWGSL;
  source.code = view(code);
  WGPUShaderModuleDescriptor module{};
  module.nextInChain = &source.chain;
  const WGPUShaderModule shader = isTrusted && gpu.DeviceCreateShaderModuleTrusted
                                      ? gpu.DeviceCreateShaderModuleTrusted(own.device, &module, 0)
                                      : gpu.DeviceCreateShaderModule(own.device, &module);
  if (!shader || own.failed()) return -1;
  std::vector<WGPUBindGroupLayoutEntry> entries(static_cast<size_t>(bindings) + 1);
  for (int i = 0; i <= bindings; i++) {
    WGPUBindGroupLayoutEntry& entry = entries[static_cast<size_t>(i)];
    entry = {};
    entry.binding = static_cast<uint32_t>(i);
    entry.visibility = WGPUShaderStage_Compute;
    entry.buffer.type = i == 0                      ? WGPUBufferBindingType_Uniform
                        : (readOnly >> (i - 1)) & 1 ? WGPUBufferBindingType_ReadOnlyStorage
                                                    : WGPUBufferBindingType_Storage;
    entry.buffer.hasDynamicOffset = i == 0;
  }
  WGPUBindGroupLayoutDescriptor layout{};
  layout.entryCount = entries.size();
  layout.entries = entries.data();
  Pipeline made{};
  made.layout = gpu.DeviceCreateBindGroupLayout(own.device, &layout);
  WGPUPipelineLayoutDescriptor whole{};
  whole.bindGroupLayoutCount = 1;
  whole.bindGroupLayouts = &made.layout;
  WGPUComputePipelineDescriptor descriptor{};
  descriptor.layout = gpu.DeviceCreatePipelineLayout(own.device, &whole);
  descriptor.compute.module = shader;
  descriptor.compute.entryPoint = view("main");
  made.pipeline = gpu.DeviceCreateComputePipeline(own.device, &descriptor);
  gpu.PipelineLayoutRelease(descriptor.layout);
  gpu.ShaderModuleRelease(shader);
  if (!made.pipeline || own.failed()) return -1;
  own.pipelines.push_back(made);
  return static_cast<int>(own.pipelines.size()) - 1;
}

int isf_gpu_run(uint64_t handle, const int32_t* list, int count, const void* params, int readBuffer, double readOffset,
                double readBytes) {
  Device& own = of(handle);
  WebGpu& gpu = own.gpu;
  const uint64_t bytes = paramsStride * static_cast<uint64_t>(count);
  if (bytes > own.paramsBytes) {
    own.forgetGroups();
    own.drop(own.params);
    own.paramsBytes = std::max<uint64_t>(2 * bytes, 1 << 16);
    own.params = own.create(own.paramsBytes, WGPUBufferUsage_Uniform | WGPUBufferUsage_CopyDst);
  }
  // each dispatch's parameters, 64 bytes, at a multiple of the stride
  own.packed.resize(static_cast<size_t>(bytes));
  for (int i = 0; i < count; i++)
    std::memcpy(own.packed.data() + paramsStride * static_cast<uint64_t>(i),
                static_cast<const uint8_t*>(params) + 64 * i, 64);
  if (count) gpu.QueueWriteBuffer(own.queue, own.params, 0, own.packed.data(), static_cast<size_t>(bytes));
  const WGPUCommandEncoder encoder = gpu.DeviceCreateCommandEncoder(own.device, nullptr);
  const WGPUComputePassEncoder pass = count ? gpu.CommandEncoderBeginComputePass(encoder, nullptr) : nullptr;
  GroupKey key;
  int32_t current = -1;
  for (int i = 0; i < count; i++) {
    key.pipeline = list[0];
    const int32_t x = list[1], y = list[2], z = list[3], bindings = list[4];
    list += 5;
    key.ranges.assign(reinterpret_cast<const Range*>(list), reinterpret_cast<const Range*>(list) + bindings);
    list += 3 * bindings;
    if (key.pipeline != current)
      gpu.ComputePassEncoderSetPipeline(pass, own.pipelines[static_cast<size_t>(key.pipeline)].pipeline);
    current = key.pipeline;
    const uint32_t offset = static_cast<uint32_t>(paramsStride) * static_cast<uint32_t>(i);
    gpu.ComputePassEncoderSetBindGroup(pass, 0, groupOf(own, key), 1, &offset);
    gpu.ComputePassEncoderDispatchWorkgroups(pass, static_cast<uint32_t>(x), static_cast<uint32_t>(y),
                                             static_cast<uint32_t>(z));
  }
  if (pass) {
    gpu.ComputePassEncoderEnd(pass);
    gpu.ComputePassEncoderRelease(pass);
  }
  if (readBuffer >= 0) {
    own.readBytes = static_cast<uint64_t>(readBytes);
    if (own.readBytes > own.stagingBytes) {
      own.drop(own.staging);
      own.stagingBytes = std::max<uint64_t>(own.readBytes, 1 << 16);
      own.staging = own.create(own.stagingBytes, WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst);
    }
    gpu.CommandEncoderCopyBufferToBuffer(encoder, own.buffers[static_cast<size_t>(readBuffer)],
                                         static_cast<uint64_t>(readOffset), own.staging, 0, own.readBytes);
  }
  const WGPUCommandBuffer commands = gpu.CommandEncoderFinish(encoder, nullptr);
  if (commands) {
    gpu.QueueSubmit(own.queue, 1, &commands);
    gpu.CommandBufferRelease(commands);
  }
  gpu.CommandEncoderRelease(encoder);
  return own.failed() ? -1 : 0;
}

int isf_gpu_wait_read(uint64_t handle) {
  Device& own = of(handle);
  int state = 0;
  WGPUBufferMapCallbackInfo info{};
  info.mode = WGPUCallbackMode_AllowProcessEvents;
  info.userdata1 = &state;
  info.callback = [](WGPUMapAsyncStatus status, WGPUStringView, void* to, void*) {
    *static_cast<int*>(to) = status == WGPUMapAsyncStatus_Success ? 1 : -1;
  };
  own.gpu.BufferMapAsync(own.staging, WGPUMapMode_Read, 0, static_cast<size_t>(own.readBytes), info);
  while (state == 0 && !own.failed()) own.gpu.DevicePoll(own.device, 1, nullptr);
  return state == 1 ? 0 : -1;
}

void isf_gpu_end_read(uint64_t handle, void* data) {
  Device& own = of(handle);
  const void* from = own.gpu.BufferGetConstMappedRange(own.staging, 0, static_cast<size_t>(own.readBytes));
  if (from) std::memcpy(data, from, static_cast<size_t>(own.readBytes));
  own.gpu.BufferUnmap(own.staging);
}
