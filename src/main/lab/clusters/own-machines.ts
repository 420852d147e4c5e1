// Machines that a person added: one JSON file each, in the form in which machines ship, so that the command line reads
// the same files.
import type { MachineEntry } from '#shared/cluster/catalogue.ts'
import { machineFile, readMachine, type Machine, type MachineFile } from '#shared/cluster/machine.ts'
import { machines } from '#shared/cluster/presets.ts'
import { createOwnFiles } from '#main/lab/own-files.ts'

export interface OwnMachines {
  /** In the order of their names; files that cannot be read are named apart. */
  list(): Promise<{ machines: MachineEntry[]; problems: { file: string; message: string }[] }>
  /** Adds it, or replaces the one of the same id. Refused where it is no machine, or has the id of one that ships. */
  save(given: unknown): Promise<MachineEntry>
  remove(id: string): Promise<void>
}

export function createOwnMachines(folder: string): OwnMachines {
  const own = createOwnFiles<Machine>({
    folder,
    noun: 'machine',
    read: readMachine,
    file: (machine) => machineFile(machine) satisfies MachineFile,
    shipped: () => machines.map(({ id }) => id),
  })
  return {
    list: async () => {
      const { records, problems } = await own.list()
      return { machines: records.map((machine) => ({ machine, isOwn: true })), problems }
    },
    save: async (given) => ({ machine: await own.save(given), isOwn: true }),
    remove: own.remove,
  }
}
