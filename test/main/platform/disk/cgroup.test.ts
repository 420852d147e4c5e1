// What control groups leave a process, by files as containers and service managers write them.
import { describe, expect, it } from 'vitest'
import { cpuQuota, memoryLimit } from '#main/platform/disk/cgroup.ts'

const from = (files: Record<string, string>) => (path: string) => files[path] ?? null

describe('control groups', () => {
  it('limit nothing where there are none, or where they say so', () => {
    const none: Record<string, string>[] = [
      {},
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n', '/sys/fs/cgroup/memory.max': 'max\n' },
      { '/proc/self/cgroup': '4:cpu,cpuacct:/\n', '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' },
    ]
    for (const files of none) expect([cpuQuota(from(files)), memoryLimit(from(files))]).toEqual([Infinity, Infinity])
  })

  it('of version 2 limit what lies below them', () => {
    const read = from({
      '/proc/self/cgroup': '0::/system.slice/lab.service\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/system.slice/lab.service/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/system.slice/lab.service/memory.max': '734003200\n',
      '/sys/fs/cgroup/system.slice/memory.max': '1073741824\n',
    })
    expect(cpuQuota(read)).toBe(1.5)
    expect(memoryLimit(read)).toBe(700 * 2 ** 20)
  })

  it('of version 1 are found by their controller, seen from outside or inside a container', () => {
    const files = {
      '/proc/self/cgroup': '9:name=systemd:/\n4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n',
      '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us': '50000\n',
      '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '734003200\n', // the container's own, mounted as the root
      '/sys/fs/cgroup/systemd/memory.limit_in_bytes': '1\n',
    }
    expect(cpuQuota(from(files))).toBe(0.5)
    expect(memoryLimit(from(files))).toBe(700 * 2 ** 20)
  })
})
