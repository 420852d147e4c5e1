// The library's plain C interface. Handles are addresses in the library's own arena, as 64-bit integers; shapes have
// been checked by the caller (src/main/core/engine/native/native.ts), sizes are in floats unless a name says bytes.
// Every function that returns int: 0 ok, 1 out of memory, 2 a handle that is not held.
#pragma once
#include <stdint.h>

#if defined(_WIN32)
#define ISF extern "C" __declspec(dllexport)
#else
#define ISF extern "C" __attribute__((visibility("default")))
#endif

/**
 * A pool of `threads` threads and an arena of at most `limitBytes`. `isa`: "" for the best this CPU has, or avx512,
 * avx2, neon, portable.
 */
ISF uint64_t isf_create(int threads, double limitBytes, const char* isa);
ISF void isf_destroy(uint64_t context);
/** Name of the instruction set in use; lives as long as the library. */
ISF const char* isf_isa(uint64_t context);
ISF int isf_threads(uint64_t context);

ISF uint64_t isf_allocate(uint64_t context, double bytes);
ISF int isf_release(uint64_t context, uint64_t address);
/** into[0] bytes held, into[1] the most ever held. */
ISF void isf_memory(uint64_t context, double* into);
ISF void isf_write(uint64_t to, const void* from, double bytes);
ISF void isf_read(void* to, uint64_t from, double bytes);
ISF void isf_fill(uint64_t context, uint64_t into, float value, double count);
ISF void isf_axpy(uint64_t context, uint64_t into, float scale, uint64_t from, double count);

/** out[i] = scale · (tokens[ids[i]] + positions[places[i]]); where `places` is 0, row i stands at place i mod T. */
ISF void isf_embedding(uint64_t context, uint64_t ids, uint64_t places, uint64_t tokens, uint64_t positions,
                       uint64_t out, int n, int width, int T, float scale);
/** out[i] = x[rows[i]]: x [., width] → out [n, width]. */
ISF void isf_gather_rows(uint64_t context, uint64_t x, uint64_t rows, uint64_t out, int n, int width);
ISF void isf_embedding_backward(uint64_t context, uint64_t dx, uint64_t ids, uint64_t intoTokens,
                                uint64_t intoPositions, int n, int width, int T, float scale);
ISF void isf_layer_norm(uint64_t context, uint64_t x, uint64_t gain, uint64_t bias, uint64_t out, uint64_t mean,
                        uint64_t rstd, int n, int width);
/** `residual` may be 0. */
ISF int isf_layer_norm_backward(uint64_t context, uint64_t dy, uint64_t x, uint64_t gain, uint64_t mean, uint64_t rstd,
                                uint64_t intoGain, uint64_t intoBias, uint64_t residual, uint64_t dx, int n, int width);
/**
 * out [n, outer] = x [n, inner] · weight + bias (+ residual); with gelu (1 exact, 2 tanh) after = gelu(out).
 * `residual`, `after` may be 0.
 */
ISF int isf_linear(uint64_t context, uint64_t x, uint64_t weight, uint64_t bias, uint64_t residual, uint64_t out,
                   uint64_t after, int gelu, int n, int inner, int outer);
ISF int isf_linear_backward(uint64_t context, uint64_t dy, uint64_t x, uint64_t weight, uint64_t intoWeight,
                            uint64_t intoBias, uint64_t dx, int n, int inner, int outer);
ISF void isf_gelu_backward(uint64_t context, uint64_t dy, uint64_t before, uint64_t dx, double count, int gelu);
ISF int isf_attention(uint64_t context, uint64_t qkv, uint64_t out, uint64_t logSumExp, int rows, int T, int heads,
                      int width, float scale);
ISF int isf_attention_backward(uint64_t context, uint64_t dy, uint64_t qkv, uint64_t out, uint64_t logSumExp,
                               uint64_t dqkv, int rows, int T, int heads, int width, float scale);
ISF int isf_cached_attention(uint64_t context, uint64_t qkv, uint64_t keys, uint64_t values, int held, int capacity,
                             uint64_t out, int rows, int T, int heads, int width, float scale);
/**
 * qkv [n, 3 width] → out: `segments` holds rows and kind (1 prefix, 0 suffix) of each run of rows; before all of them
 * come the `held` tokens of `keys` and `values` [., width], or none where these are 0.
 */
ISF int isf_tree_attention(uint64_t context, uint64_t qkv, uint64_t keys, uint64_t values, int held,
                           const int32_t* segments, int count, int longest, uint64_t out, int n, int heads, int width,
                           float scale);
/**
 * One more token of a text of `held` tokens → logits [vocabulary]. `addresses`: tokens, positions, the last norm's gain
 * and bias; then for each layer gain, bias, attention [d, 3d], bias, projection, bias, gain, bias, expand, bias,
 * contract, bias, and the keys and values it keeps.
 */
ISF int isf_next_token(uint64_t context, const double* addresses, int layers, int width, int heads, int vocabulary,
                       int held, int capacity, int gelu, float embeddingScale, float attentionScale, float outputScale,
                       int token, float* logits);
/** The index of the largest of each row, the first of equals: x [n, width] → at [n]. */
ISF void isf_argmax(uint64_t context, uint64_t x, int32_t* at, int n, int width);
ISF int isf_head(uint64_t context, uint64_t x, uint64_t tokens, uint64_t logits, float scale, int n, int width,
                 int vocabulary);
ISF int isf_head_backward(uint64_t context, uint64_t dLogits, uint64_t x, uint64_t tokens, uint64_t intoTokens,
                          uint64_t dx, float scale, int n, int width, int vocabulary);
ISF void isf_cross_entropy(uint64_t context, uint64_t logits, uint64_t targets, uint64_t losses, int n, int vocabulary,
                           int overwrites, float gradientScale);

/**
 * The optimizer's list of `count` parameters: addresses as [value, gradient, first, second] each, then floats, the
 * scale of the learning rate and whether it decays. Returns 2 for an address that is not held.
 */
ISF int isf_global_norm(uint64_t context, const double* addresses, const double* sizes, int count, double* norm);
ISF int isf_adam_w(uint64_t context, const double* addresses, const double* sizes, const float* scales,
                   const int32_t* decays, int count, float learningRate, float beta1, float beta2, float epsilon,
                   float weightDecay, float gradientScale, int update);

/**
 * Precision bf16: chooses its kernels, as `isa` in isf_create, and tells their name. What follows takes and gives
 * activations of 16 bits; the residual stream, weights, gradients of weights and losses stay fp32.
 */
ISF const char* isf_half_isa(uint64_t context, const char* isa);
ISF void isf_widen(uint64_t context, uint64_t from, uint64_t to, double count);
ISF void isf_narrow(uint64_t context, uint64_t from, uint64_t to, double count);
ISF void isf_half_layer_norm(uint64_t context, uint64_t x, uint64_t gain, uint64_t bias, uint64_t out, uint64_t mean,
                             uint64_t rstd, int n, int width);
/** The output of isf_half_layer_norm once more. */
ISF void isf_half_layer_norm_again(uint64_t context, uint64_t x, uint64_t gain, uint64_t bias, uint64_t mean,
                                   uint64_t rstd, uint64_t out, int n, int width);
ISF int isf_half_layer_norm_backward(uint64_t context, uint64_t dy, uint64_t x, uint64_t gain, uint64_t mean,
                                     uint64_t rstd, uint64_t intoGain, uint64_t intoBias, uint64_t residual,
                                     uint64_t dx, int n, int width);
/** `out` is fp32 where there is a residual, and 16 bits where `residual` is 0. */
ISF int isf_half_linear(uint64_t context, uint64_t x, uint64_t weight, uint64_t bias, uint64_t residual, uint64_t out,
                        uint64_t after, int gelu, int n, int inner, int outer);
/** `dy` is fp32 or, with isHalf, 16 bits. With `before` instead of x, x is gelu(before) and dx its gradient. */
ISF int isf_half_linear_backward(uint64_t context, uint64_t dy, int isHalf, uint64_t x, uint64_t weight,
                                 uint64_t intoWeight, uint64_t intoBias, uint64_t dx, uint64_t before, int gelu, int n,
                                 int inner, int outer);
ISF int isf_half_attention(uint64_t context, uint64_t qkv, uint64_t out, uint64_t logSumExp, int rows, int T, int heads,
                           int width, float scale);
ISF int isf_half_attention_backward(uint64_t context, uint64_t dy, uint64_t qkv, uint64_t out, uint64_t logSumExp,
                                    uint64_t dqkv, int rows, int T, int heads, int width, float scale);
ISF int isf_half_head(uint64_t context, uint64_t x, uint64_t tokens, uint64_t logits, float scale, int n, int width,
                      int vocabulary);
/** Losses of x [n, width] and, unless `intoTokens` is 0, their gradients: adds to tokens', and dx in fp32. */
ISF int isf_half_head_loss(uint64_t context, uint64_t x, uint64_t tokens, uint64_t targets, uint64_t losses,
                           float gradientScale, uint64_t intoTokens, uint64_t dx, float scale, int n, int width,
                           int vocabulary);

/**
 * Plain products as the layers of a block do them, for measuring: a of 16 bits, b fp32, c of 16 bits; with a transposed
 * c is fp32 and added to.
 */
ISF int isf_half_product(uint64_t context, uint64_t a, uint64_t b, uint64_t c, int m, int n, int k, int aTransposed,
                         int bTransposed);

/** Plain products, for measuring: c [m, n] = a · b with either operand transposed. */
ISF int isf_product(uint64_t context, uint64_t a, uint64_t b, uint64_t c, int m, int n, int k, int aTransposed,
                    int bTransposed);
/** Seconds for `rounds` of register-only multiply-adds on every thread, and their FLOPs in all. */
ISF void isf_peak_flops(uint64_t context, double rounds, double* secondsAndFlops);

/**
 * Maps a file for reading and writing and tells its size; 0 where that is not possible here. Its addresses serve
 * isf_read and isf_write too.
 */
ISF uint64_t isf_map(const char* path, double* bytes);
ISF void isf_unmap(uint64_t address, double bytes);
/** into[i] += from[i]. */
ISF void isf_add(float* into, uint64_t from, double count);
/**
 * A counter of 8 bytes that other processes see; store releases and load acquires, so what was written before is there.
 */
ISF void isf_counter_store(uint64_t counter, double value);
ISF double isf_counter_load(uint64_t counter);
/**
 * A futex, 4 bytes that count their wakes: whoever has seen its value and finds it unchanged waits for the next wake,
 * or for so many seconds.
 */
ISF int isf_futex_value(uint64_t futex);
ISF void isf_futex_wake(uint64_t futex);
ISF void isf_futex_wait(uint64_t futex, int seen, double seconds);

/**
 * A graphics card by a library that implements webgpu.h. Returns "" and fills `out`: the device, then largest binding
 * and buffer in bytes, workgroup memory in bytes, threads a workgroup, workgroups a dimension, storage buffers a
 * shader, 1 for a device made of software, vendor and device by PCI, 1 for a card that shares the computer's memory.
 * Or else "library", "adapter" or "device", a tab, and why.
 */
ISF const char* isf_gpu_open(const char* library, double* out);
/** Bytes of memory of the card with these PCI ids, as Vulkan tells them; 0 where it does not. */
ISF double isf_gpu_memory(int vendor, int device);
ISF void isf_gpu_close(uint64_t device);
/** Name, driver and vendor, with tabs between. */
ISF const char* isf_gpu_name(uint64_t device);
/** What went wrong since it was last asked, or "": "memory", "lost" or "error", a tab, and the driver's words. */
ISF const char* isf_gpu_error(uint64_t device);
/** A buffer by number; below 0: isf_gpu_error says why. */
ISF int isf_gpu_buffer(uint64_t device, double bytes);
ISF void isf_gpu_release(uint64_t device, int buffer);
/** Happens after all that was run before, and before all that is run after. */
ISF void isf_gpu_write(uint64_t device, int buffer, double offset, const void* data, double bytes);
/**
 * A compute pipeline of a shader's `main` with a uniform binding 0 and storage bindings 1 to `bindings`, of which bit
 * i − 1 of `readOnly` says whether the shader only reads them. Trusted: without checks of bounds.
 */
ISF int isf_gpu_pipeline(uint64_t device, const char* code, int bindings, int readOnly, int isTrusted);
/**
 * Submits `count` dispatches: each pipeline, workgroups x y z, n, and n ranges of buffer, offset, count in words of
 * four bytes; and each dispatch's 64 bytes of parameters. Where `readBuffer` is not below 0, copies part of it behind
 * them, to be read. Nonzero: isf_gpu_error says why.
 */
ISF int isf_gpu_run(uint64_t device, const int32_t* list, int count, const void* params, int readBuffer,
                    double readOffset, double readBytes);
/** What was copied to be read: the first waits and may run on another thread, the second takes. One reading at a time.
 */
ISF int isf_gpu_wait_read(uint64_t device);
ISF void isf_gpu_end_read(uint64_t device, void* data);
