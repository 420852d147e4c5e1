// Machines that a person added: one JSON file each, in the form in which machines ship, so that the command line reads
// the same files.
import { join } from 'node:path'
import { Fault, toFaultData } from '#shared/fault.ts'
import type { MachineEntry } from '#shared/cluster/catalogue.ts'
import { machineFile, type MachineFile } from '#shared/cluster/machine.ts'
import { readMachine, type Machine } from '#shared/cluster/machine.ts'
import { exists, listFolder, readJson, writeFileAtomically } from '#main/platform/disk/files.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import { machines } from '#shared/cluster/presets.ts'

export interface OwnMachines {
  /** In the order of their names; files that cannot be read are named apart. */
  list(): Promise<{ machines: MachineEntry[]; problems: { file: string; message: string }[] }>
  /** Adds it, or replaces the one of the same id. Refused where it is no machine, or has the id of one that ships. */
  save(given: unknown): Promise<MachineEntry>
  remove(id: string): Promise<void>
}

const possibleId = /^[a-z0-9][a-z0-9-]{0,59}$/

export function createOwnMachines(folder: string): OwnMachines {
  const pathOf = (id: string) => join(folder, `${id}.json`)
  return {
    list: async () => {
      const found: Machine[] = []
      const problems: { file: string; message: string }[] = []
      const files = (await exists(folder))
        ? (await listFolder(folder)).filter((name) => name.endsWith('.json')).sort()
        : []
      for (const file of files) {
        try {
          const machine = readMachine(await readJson(join(folder, file)))
          if (file !== `${machine.id}.json`)
            throw new Fault(
              'damaged',
              `The machine in it has the id "${machine.id}"; the file should be ${machine.id}.json.`,
            )
          found.push(machine)
        } catch (error) {
          problems.push({ file: join(folder, file), message: toFaultData(error).message })
        }
      }
      return { machines: found.map((machine) => ({ machine, isOwn: true })), problems }
    },
    save: async (given) => {
      const machine = readMachine(given)
      if (!possibleId.test(machine.id))
        throw new Fault(
          'bad-input',
          `A machine's id is made of small letters, digits and hyphens, at most 60; it is "${machine.id}".`,
        )
      if (machines.some(({ id }) => id === machine.id))
        throw new Fault('conflict', `"${machine.id}" is a machine that ships. Give yours another id.`)
      await writeFileAtomically(
        pathOf(machine.id),
        `${JSON.stringify(machineFile(machine) satisfies MachineFile, null, 2)}\n`,
      )
      return { machine, isOwn: true }
    },
    remove: async (id) => {
      if (!possibleId.test(id) || !(await exists(pathOf(id))))
        throw new Fault('not-found', `There is no machine "${id}" of your own.`)
      await removeFolder(pathOf(id))
    },
  }
}
