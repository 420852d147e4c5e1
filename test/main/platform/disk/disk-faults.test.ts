import { describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { storeFault } from '#main/platform/disk/database-faults.ts'
import { diskFault, doingOf } from '#main/platform/disk/disk-faults.ts'

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

  it('is said of reading or of writing, as it was', () => {
    expect(['open', 'read', 'scandir'].map((syscall) => doingOf(refusal('EIO', syscall)))).not.toContain('write')
    expect(['write', 'mkdir', 'fsync', 'ftruncate'].map((syscall) => doingOf(refusal('EFBIG', syscall)))).not.toContain(
      'read',
    )
  })

  it('to the store is no damage of it', () => {
    for (const error of [
      Object.assign(new Error('unable to open database file'), { code: 'SQLITE_CANTOPEN' }),
      new Error('Too many open files (os error 24)'),
      Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_READ' }),
    ])
      expect(storeFault(error)).toMatchObject({
        code: 'failed',
        message: expect.stringMatching(/try again\.$/) as string,
      })
    expect(storeFault(new Error('file is not a database'))).not.toBeInstanceOf(Fault)
  })

  it('is not what a Fault or a bug says', () => {
    const [fault, bug] = [new Fault('damaged', 'It is.'), new TypeError('x is not a function')]
    expect(diskFault(fault, 'read', '/a')).toBe(fault)
    expect(diskFault(bug, 'read', '/a')).toBe(bug)
  })
})
