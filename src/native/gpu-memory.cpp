// How much memory a graphics card has, which WebGPU does not tell: asked of the Vulkan loader, opened at run time.
#include "api.h"

#include <cstddef>
#include <cstring>
#include <vector>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#elif !defined(__APPLE__)
#include <dlfcn.h>
#endif

namespace {

// The few structures of vulkan_core.h that are asked for here, as the Vulkan specification lays them out.
struct InstanceCreateInfo {
  int32_t type = 1; // VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO
  const void* next = nullptr;
  uint32_t flags = 0;
  const void* application = nullptr;
  uint32_t layers = 0;
  const char* const* layerNames = nullptr;
  uint32_t extensions = 0;
  const char* const* extensionNames = nullptr;
};
struct DeviceProperties {
  uint32_t apiVersion, driverVersion, vendor, device;
  uint8_t rest[1024]; // the name and the limits, 808 bytes of them
};
struct MemoryProperties {
  uint32_t types;
  struct {
    uint32_t flags, heap;
  } type[32];
  uint32_t heaps;
  struct {
    uint64_t bytes;
    uint32_t flags;
  } heap[16];
};
constexpr uint32_t deviceLocal = 1; // VK_MEMORY_HEAP_DEVICE_LOCAL_BIT

using Function = void (*)();
using GetProcAddress_ = Function (*)(void* instance, const char* name);

GetProcAddress_ vulkanLoader() {
#if defined(_WIN32)
  const HMODULE library = LoadLibraryA("vulkan-1.dll");
  return library ? reinterpret_cast<GetProcAddress_>(GetProcAddress(library, "vkGetInstanceProcAddr")) : nullptr;
#elif defined(__APPLE__)
  return nullptr;
#else
  void* const library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
  return library ? reinterpret_cast<GetProcAddress_>(dlsym(library, "vkGetInstanceProcAddr")) : nullptr;
#endif
}

} // namespace

double isf_gpu_memory(int vendor, int device) {
  const GetProcAddress_ find = vulkanLoader();
  if (!find) return 0;
  const auto create =
      reinterpret_cast<int32_t (*)(const InstanceCreateInfo*, const void*, void**)>(find(nullptr, "vkCreateInstance"));
  const InstanceCreateInfo info;
  void* instance = nullptr;
  if (!create || create(&info, nullptr, &instance) != 0) return 0;
  const auto list =
      reinterpret_cast<int32_t (*)(void*, uint32_t*, void**)>(find(instance, "vkEnumeratePhysicalDevices"));
  const auto properties =
      reinterpret_cast<void (*)(void*, DeviceProperties*)>(find(instance, "vkGetPhysicalDeviceProperties"));
  const auto memory =
      reinterpret_cast<void (*)(void*, MemoryProperties*)>(find(instance, "vkGetPhysicalDeviceMemoryProperties"));
  const auto destroy = reinterpret_cast<void (*)(void*, const void*)>(find(instance, "vkDestroyInstance"));
  double found = 0;
  uint32_t count = 0;
  if (list && properties && memory && list(instance, &count, nullptr) == 0 && count > 0) {
    std::vector<void*> devices(count);
    list(instance, &count, devices.data());
    for (uint32_t i = 0; i < count && found == 0; i++) {
      DeviceProperties known{};
      properties(devices[i], &known);
      if (known.vendor != static_cast<uint32_t>(vendor) || known.device != static_cast<uint32_t>(device)) continue;
      MemoryProperties heaps{};
      memory(devices[i], &heaps);
      for (uint32_t h = 0; h < heaps.heaps && h < 16; h++)
        if (heaps.heap[h].flags & deviceLocal) found += static_cast<double>(heaps.heap[h].bytes);
    }
  }
  if (destroy) destroy(instance, nullptr);
  return found;
}
