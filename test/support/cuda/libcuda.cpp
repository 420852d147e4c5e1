// A stand-in for libcuda on machines without a card: the driver's functions that the engine calls, over simt.h. A
// module's PTX is not looked at: the kernels were compiled into this library and are found by their names. What a test
// wants of the card comes from the environment, read by cuInit: EMULATED_CUDA_MEMORY bytes, _VERSION, _CAPABILITY,
// _CARDS, _ORDER of threads (simt::Order), _FAIL "function code", _WITHOUT the barrier "file line".
#define SIMT_IMPLEMENTATION
#include "simt.h"
#include "fp32.cu"
#include "bf16.cu"
#include <map>
#include <set>
#include <string>
#include <utility>
#define API extern "C" __attribute__((visibility("default"))) int
using Address = unsigned long long;

namespace {
struct Function {
  std::function<void(void**)> call;
  std::vector<size_t> sizes;
};
template <class... A, size_t... I> void callWith(void (*kernel)(A...), void** args, std::index_sequence<I...>) {
  kernel(*static_cast<std::remove_reference_t<A>*>(args[I])...);
}
template <class... A> Function function(void (*kernel)(A...)) {
  return {[=](void** args) { callWith(kernel, args, std::index_sequence_for<A...>{}); }, {sizeof(A)...}};
}
std::map<std::string, Function> kernels = {
#define LISTED(name) {#name, function(name)},
#include "kernel-list.h"
};
std::map<Address, size_t> blocks;
/** A launch as the driver keeps it: arguments are those of the moment when it was queued. */
struct Launch {
  Function* called;
  dim3 grid, block;
  unsigned shared;
  std::vector<char> arguments;
};
using Graph = std::vector<Launch>;
std::set<Graph*> graphs, executables;
std::set<int*> streams;
int* recorded = nullptr; // the stream whose launches are recorded, and run not
Graph recording;
bool isBroken, isRelaxed;
size_t held = 0, limit;
int version, capability, cards, failureCode;
std::string failing, without;

long long setting(const char* name, long long otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? std::atoll(value) : otherwise;
}
/** "name number" → the number, and the name into `name`. */
int pairSetting(const char* variable, std::string& name) {
  const char* value = std::getenv(variable);
  name = value ? value : "";
  size_t space = name.find(' ');
  if (space == std::string::npos) return 0;
  int number = std::atoi(name.c_str() + space);
  name.resize(space);
  return number;
}
int outcome(const char* name) { return failing == name ? failureCode : 0; }
/** The error of a call that a recording does not bear, which it breaks. */
int whileRecording(int code) {
  if (recorded) isBroken = true;
  return recorded ? code : 0;
}
/** Waiting; work on stream 0, for which the recorded stream would wait; and what might wait, where it is not allowed. */
int waiting() { return whileRecording(900); }
int onStreamZero() { return whileRecording(906); }
int unsafe() { return isRelaxed ? 0 : whileRecording(900); }
/** Packed arguments as the kernel takes them; none where they do not fit it. */
std::vector<void*> unpack(const Launch& launch) {
  std::vector<void*> args;
  size_t at = 0;
  for (size_t s : launch.called->sizes) {
    at = (at + s - 1) / s * s;
    args.push_back(const_cast<char*>(launch.arguments.data()) + at);
    at += s;
  }
  if (at != launch.arguments.size()) args.clear();
  return args;
}
void run(const Launch& launch) {
  auto args = unpack(launch);
  simt::launch(launch.grid, launch.block, launch.shared, [&] { launch.called->call(args.data()); });
}
bool isInside(Address at, size_t bytes) {
  auto it = blocks.upper_bound(at);
  if (it == blocks.begin()) return false;
  --it;
  return at + bytes <= it->first + it->second;
}
} // namespace

API cuInit(unsigned) {
  limit = setting("EMULATED_CUDA_MEMORY", 2LL << 30);
  version = setting("EMULATED_CUDA_VERSION", 13000);
  capability = setting("EMULATED_CUDA_CAPABILITY", 90);
  cards = setting("EMULATED_CUDA_CARDS", 1);
  simt::state.order = static_cast<simt::Order>(setting("EMULATED_CUDA_ORDER", 0));
  failureCode = pairSetting("EMULATED_CUDA_FAIL", failing);
  simt::state.withoutLine = pairSetting("EMULATED_CUDA_WITHOUT", without);
  simt::state.withoutFile = without.c_str();
  return cards > 0 ? 0 : 100;
}
API cuDriverGetVersion(int* out) { return *out = version, 0; }
API cuDeviceGetCount(int* out) { return *out = cards, 0; }
API cuDeviceGet(int* device, int) { return *device = 0, 0; }
API cuDeviceGetName(char* name, int length, int) { return std::snprintf(name, length, "emulated card"), 0; }
API cuDeviceGetAttribute(int* out, int attribute, int) {
  switch (attribute) {
    case 75: *out = capability / 10; break;
    case 76: *out = capability % 10; break;
    case 16: *out = 2; break; // multiprocessors
    case 97: *out = 99 << 10; break; // most shared memory a block
    default: return 1;
  }
  return 0;
}
API cuDeviceTotalMem_v2(size_t* bytes, int) { return *bytes = limit, 0; }
API cuMemGetInfo_v2(size_t* left, size_t* total) { return *left = limit - held, *total = limit, 0; }
API cuDevicePrimaryCtxRetain(void** context, int) { return *context = &limit, outcome("cuDevicePrimaryCtxRetain"); }
API cuDevicePrimaryCtxRelease_v2(int) { return 0; }
API cuCtxSetCurrent(void*) { return 0; }
API cuCtxSynchronize() {
  if (int code = waiting()) return code;
  return outcome("cuCtxSynchronize");
}
API cuMemAlloc_v2(Address* out, size_t bytes) {
  if (int code = unsafe()) return code;
  if (held + bytes > limit) return 2;
  void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(memory, 0xff, bytes); // NaN until written
  *out = reinterpret_cast<Address>(memory);
  blocks[*out] = bytes;
  held += bytes;
  return 0;
}
API cuMemFree_v2(Address at) {
  if (int code = unsafe()) return code;
  auto it = blocks.find(at);
  if (it == blocks.end()) return 1;
  held -= it->second;
  blocks.erase(it);
  std::free(reinterpret_cast<void*>(at));
  return 0;
}
API cuMemcpyHtoD_v2(Address to, const void* from, size_t bytes) {
  if (int code = onStreamZero()) return code;
  if (!isInside(to, bytes)) return 1;
  std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  return 0;
}
API cuMemcpyDtoH_v2(void* to, Address from, size_t bytes) {
  if (int code = onStreamZero()) return code;
  if (!isInside(from, bytes)) return 1;
  std::memcpy(to, reinterpret_cast<void*>(from), bytes);
  return outcome("cuMemcpyDtoH_v2");
}
API cuMemsetD8_v2(Address to, unsigned char value, size_t bytes) {
  if (int code = onStreamZero()) return code;
  if (!isInside(to, bytes)) return 1;
  std::memset(reinterpret_cast<void*>(to), value, bytes);
  return 0;
}
API cuModuleLoadData(void** out, const void*) { return *out = &kernels, outcome("cuModuleLoadData"); }
API cuModuleUnload(void*) { return 0; }
API cuModuleGetFunction(void** out, void*, const char* name) {
  auto it = kernels.find(name);
  if (it == kernels.end()) return 500;
  *out = &it->second;
  return 0;
}
API cuFuncSetAttribute(void*, int, int bytes) { return bytes > 99 << 10 ? 1 : 0; }
API cuLaunchKernel(void* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void* stream, void**, void** extra) {
  if (int code = outcome("cuLaunchKernel")) return code;
  if (gx == 0 || gy == 0 || gz == 0 || gy > 65535 || gz > 65535 || shared > 99 << 10) return 1;
  // CU_LAUNCH_PARAM_BUFFER_POINTER (1), address, ..._SIZE (2), address of the size, END (0)
  char* buffer = nullptr;
  size_t size = 0;
  for (int i = 0; extra[i]; i += 2) {
    if (extra[i] == reinterpret_cast<void*>(1)) buffer = static_cast<char*>(extra[i + 1]);
    else size = *static_cast<size_t*>(extra[i + 1]);
  }
  Launch launch{static_cast<Function*>(f), {gx, gy, gz}, {bx, by, bz}, shared, {buffer, buffer + size}};
  if (unpack(launch).empty()) return 1; // what the caller packed is not what the kernel takes
  if (stream && !streams.count(static_cast<int*>(stream))) return 400;
  if (recorded && stream == recorded) {
    if (isBroken) return 901;
    recording.push_back(std::move(launch));
    return 0;
  }
  if (!stream)
    if (int code = onStreamZero()) return code;
  run(launch);
  return 0;
}
API cuStreamCreate(int** out, unsigned) {
  streams.insert(*out = new int(0));
  return outcome("cuStreamCreate");
}
API cuStreamDestroy_v2(int* stream) {
  if (!streams.erase(stream)) return 400;
  delete stream;
  return 0;
}
API cuStreamBeginCapture_v2(int* stream, int mode) {
  if (int code = outcome("cuStreamBeginCapture_v2")) return code;
  if (!stream) return 900;
  if (!streams.count(stream)) return 400;
  if (recorded) return 401;
  recorded = stream;
  recording.clear();
  isBroken = false;
  isRelaxed = mode == 2;
  return 0;
}
API cuStreamEndCapture(int* stream, Graph** out) {
  *out = nullptr;
  if (!recorded || stream != recorded) return 401;
  recorded = nullptr;
  if (int code = outcome("cuStreamEndCapture")) return code;
  if (isBroken) return 901;
  graphs.insert(*out = new Graph(recording));
  return 0;
}
API cuGraphInstantiateWithFlags(Graph** out, Graph* graph, unsigned long long) {
  if (int code = unsafe()) return code;
  if (int code = outcome("cuGraphInstantiateWithFlags")) return code;
  if (!graphs.count(graph)) return 400;
  executables.insert(*out = new Graph(*graph));
  return 0;
}
API cuGraphLaunch(Graph* graph, int* stream) {
  if (int code = onStreamZero()) return code;
  if (int code = outcome("cuGraphLaunch")) return code;
  if (!executables.count(graph) || (stream && !streams.count(stream))) return 400;
  for (const Launch& launch : *graph) run(launch);
  return 0;
}
API cuGraphDestroy(Graph* graph) {
  if (!graphs.erase(graph)) return 400;
  delete graph;
  return 0;
}
API cuGraphExecDestroy(Graph* graph) {
  if (!executables.erase(graph)) return 400;
  delete graph;
  return 0;
}
