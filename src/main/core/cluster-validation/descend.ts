// A search for the least of a function of a few positive numbers: one at a time, up or down, in logarithms.

/**
 * Each number is multiplied or divided by a step that grows with luck and shrinks without; `largest` bounds those that
 * are shares.
 */
export function descend<T extends Record<string, number>>(
  start: T,
  objective: (values: T) => number,
  largest: Partial<Record<keyof T, number>> = {},
  rounds = 40,
): T {
  let best = start
  let least = objective(best)
  const knobs = (Object.keys(start) as (keyof T)[]).map((name) => ({ name, step: 0.15 }))
  for (let round = 0; round < rounds && knobs.some(({ step }) => step > 0.004); round++) {
    for (const knob of knobs) {
      let isBetter = false
      for (const sign of [1, -1]) {
        const value = Math.min(best[knob.name] * Math.exp(sign * knob.step), largest[knob.name] ?? Infinity)
        const tried: T = { ...best, [knob.name]: value }
        const found = objective(tried)
        if (found >= least) continue
        best = tried
        least = found
        isBetter = true
        break
      }
      knob.step *= isBetter ? 1.3 : 0.6
    }
  }
  return best
}
