// The graphics engine where a subgroup has four threads: lavapipe takes its width from here.
process.env.LP_NATIVE_VECTOR_WIDTH = '128'
await import('./suite-at-width.ts')
export {}
