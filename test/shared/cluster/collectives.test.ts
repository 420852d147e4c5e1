// Rings across nodes.
import { expect, it } from 'vitest'
import { calibration } from '#shared/cluster/calibration.ts'
import { ring } from '#shared/cluster/collectives.ts'
import { withFigures } from '#shared/cluster/machine.ts'
import { findGpuMachine } from '#shared/cluster/presets.ts'

const own = findGpuMachine('a100-80') // 8 ports for 8 devices
const shared = withFigures(own, { networkPorts: 4 })
const speed = (nodes: number, stride: number, machine = shared) =>
  ring((nodes * 8) / stride, stride, machine, calibration).bytesPerSecond

it('rings that meet on ports lose the same share with each doubling of nodes', () => {
  for (const stride of [2, 4]) {
    expect(speed(4, stride) / speed(2, stride)).toBeCloseTo(calibration.partialRingShare, 12)
    expect(speed(16, stride) / speed(8, stride)).toBeCloseTo(calibration.partialRingShare, 12)
  }
})

it('rings that have a node for themselves, or one device of each, meet nobody', () => {
  for (const stride of [1, 8]) expect(speed(16, stride)).toBe(speed(2, stride))
})

it('where each device has a port of its own, or ports are not known, rings do not meet', () => {
  const unknown = withFigures(own, { networkPorts: 0 })
  for (const machine of [own, unknown])
    for (const stride of [1, 2, 4, 8]) expect(speed(16, stride, machine)).toBe(speed(2, stride, machine))
})
