// The part of TensorFlow.js that all its backends share, loaded only when an engine asks for it.
import { Fault } from '#shared/fault.ts'
import type { Tf } from './context.ts'

/** These packages are CommonJS: what they export is the default of what `import()` gives. */
export const defaultOf = <T>(module: T): T => (module as { default?: T }).default ?? module

/** Throws Fault 'unavailable' where the optional package is missing. */
export async function loadCore(): Promise<Tf> {
  try {
    return defaultOf(await import('@tensorflow/tfjs-core'))
  } catch (cause) {
    throw new Fault(
      'unavailable',
      'This engine needs a package that is not installed: npm install @tensorflow/tfjs-core@4.22.0',
      { cause },
    )
  }
}
