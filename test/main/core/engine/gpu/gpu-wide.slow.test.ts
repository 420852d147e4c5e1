// The graphics engine where a subgroup has sixteen threads: lavapipe takes its width from here.
process.env.LP_NATIVE_VECTOR_WIDTH = '512'
await import('./suite-at-width.ts')
export {}
