// A process that was killed is gone, even while its parent has not asked how it ended.
import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { isAlive } from '#main/platform/disk/alive.ts'

it('this one lives, and one that nobody has does not', () => {
  expect(isAlive(process.pid)).toBe(true)
  expect(isAlive(999_999_999)).toBe(false)
})

it.runIf(process.platform === 'linux')('a killed one is gone although its parent sleeps', async () => {
  // The shell starts a child, becomes a program that never waits for it, and the child is killed.
  const parent = spawn('sh', ['-c', 'sleep 100 & echo $!; exec sleep 100'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const child = Number(
    await new Promise<string>((resolve) => parent.stdout.once('data', (data) => resolve(String(data)))),
  )
  expect(isAlive(child)).toBe(true)
  process.kill(child, 'SIGKILL')
  await expect.poll(() => isAlive(child)).toBe(false)
  parent.kill('SIGKILL')
})
