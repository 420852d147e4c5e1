// AMX's tiles in plain C++, as Intel's manual defines them, for processors that have none: eight squares of 16 rows of
// 64 bytes. (Numbers below 1e-38, which the processor takes as zero, are kept.)
#pragma once
#include <cstdint>
#include <cstring>

namespace {

thread_local uint32_t tiles[8][16][16];

inline void _tile_loadconfig(const void*) {}
inline void _tile_zero(int to) { memset(tiles[to], 0, sizeof tiles[to]); }
inline void _tile_loadd(int to, const void* from, size_t stride) {
  for (size_t row = 0; row < 16; row++) memcpy(tiles[to][row], static_cast<const char*>(from) + row * stride, 64);
}
inline void _tile_stored(int from, void* to, size_t stride) {
  for (size_t row = 0; row < 16; row++) memcpy(static_cast<char*>(to) + row * stride, tiles[from][row], 64);
}
inline float tile_number(uint32_t raw) {
  float value;
  memcpy(&value, &raw, 4);
  return value;
}
/** Lower and upper numbers of the pairs are summed each for itself, and both then added to what is there. */
inline void _tile_dpbf16ps(int to, int a, int b) {
  for (int m = 0; m < 16; m++) {
    float low[16] = {}, high[16] = {};
    for (int k = 0; k < 16; k++)
      for (int n = 0; n < 16; n++) {
        const uint32_t left = tiles[a][m][k], right = tiles[b][k][n];
        low[n] += tile_number(left << 16) * tile_number(right << 16);
        high[n] += tile_number(left & 0xffff0000u) * tile_number(right & 0xffff0000u);
      }
    for (int n = 0; n < 16; n++) {
      const float sum = tile_number(tiles[to][m][n]) + (low[n] + high[n]);
      memcpy(&tiles[to][m][n], &sum, 4);
    }
  }
}

} // namespace
