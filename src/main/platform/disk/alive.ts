// Whether a process is there: what it left behind may be swept only when it is not.
import { textOf } from './system-files.ts'

/** One that belongs to another person counts too; one that has ended and whose parent has not asked for it does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  // The state stands behind the name, which may hold anything; only Linux has the file.
  return !/\) [ZX] /.test(textOf(`/proc/${pid}/stat`) ?? '')
}
