import { describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { diskFault } from '#main/platform/disk/disk-faults.ts'

const refusal = (code: string, syscall = 'open'): NodeJS.ErrnoException =>
  Object.assign(new Error(`${code}: as Node says it`), { code, syscall })

describe('what the system refuses', () => {
  it.each([
    ['ENOSPC', 'disk-full', /the disk is full.*free some space/],
    ['EDQUOT', 'disk-full', /quota.*free some space/],
    ['EMFILE', 'failed', /too many files are open.*ulimit -n/],
    ['ELOOP', 'bad-input', /its links lead in a circle/],
    ['EROFS', 'bad-input', /the disk can only be read/],
    ['EACCES', 'bad-input', /permission was denied/],
    ['ENAMETOOLONG', 'bad-input', /its name is too long/],
    ['EUNHEARDOF', 'failed', /the system answered EUNHEARDOF/],
  ])('%s is a sentence with the path', (code, kind, words) => {
    const fault = diskFault(refusal(code), 'write', '/some/where') as Fault
    expect(fault).toMatchObject({ code: kind, message: expect.stringMatching(words) as string })
    expect(fault.message).toContain('Could not write /some/where')
    expect(fault.message.length).toBeLessThanOrEqual(300)
  })

  it('because the current folder is gone says so, whatever was asked for', () => {
    expect(diskFault(refusal('ENOENT', 'uv_cwd'), 'read', 'what was asked for')).toMatchObject({
      code: 'not-found',
      message: 'The current folder is gone. Go to one that is there and try again.',
    })
  })

  it('is not what a Fault or a bug says', () => {
    const [fault, bug] = [new Fault('damaged', 'It is.'), new TypeError('x is not a function')]
    expect(diskFault(fault, 'read', '/a')).toBe(fault)
    expect(diskFault(bug, 'read', '/a')).toBe(bug)
  })
})
