// In which sizes a graphics card's memory is taken.

/** The next of eight sizes an octave, none below `grain`: batches of many lengths share blocks and waste little. */
export function sizeClass(size: number, grain: number): number {
  const step = Math.max(grain, 2 ** (Math.floor(Math.log2(Math.max(size, 1))) - 3))
  return Math.max(grain, Math.ceil(size / step) * step)
}
