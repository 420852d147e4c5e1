// Why the graphics engine cannot be tested here, or null where it can.
import { openGpu } from '#main/core/engine/gpu/device.ts'

export const missingGpu = ((): string | null => {
  try {
    openGpu().close()
    return null
  } catch (error) {
    return (error as Error).message
  }
})()
