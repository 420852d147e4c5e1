// A process of the cluster from its own side: becomes store, fabric or system, says that it is ready, and does as it is
// told until its end.
import { toFaultData } from '#shared/fault.ts'
import { createKernels } from '#main/core/engine/create.ts'
import { ownSide } from '#main/platform/processes/parts.ts'
import { createFabric } from './fabric.ts'
import { openLinks } from './links.ts'
import type { FromPart, PartBody, PartJob, ToPart } from './messages.ts'
import { createStore } from './store.ts'
import { createSystem } from './system.ts'

export interface Port {
  send(message: FromPart): void
  onMessage(listener: (message: ToPart) => void): void
}

/** Never ends by itself: the host ends the process. */
export async function* clusterPartJob(job: PartJob): AsyncGenerator<never, never> {
  await servePart(job, ownSide() as Port)
  return new Promise<never>(() => undefined)
}

/** Puts a part behind a port; resolves when it is ready. */
export async function servePart(
  job: PartJob,
  { send, onMessage }: Port,
  links = openLinks(job.folder),
): Promise<PartBody> {
  const failed = (error: unknown) => send({ kind: 'fault', fault: toFaultData(error) })
  const precision = job.role === 'system' ? job.precision : 'fp32'
  const kernels = job.role === 'fabric' ? null : await createKernels(job.engine, { threads: job.threads, precision })
  const body =
    job.role === 'store'
      ? createStore(job, kernels!, links, send, failed)
      : job.role === 'fabric'
        ? createFabric(job, links, send, failed)
        : createSystem(job, kernels!, links, send, failed)
  onMessage((message) => {
    try {
      body.take(message)
    } catch (error) {
      failed(error)
    }
  })
  const memory = kernels?.memory() ?? { currentBytes: 0, peakBytes: 0 }
  send({ kind: 'ready', device: kernels?.device ?? 'fabric', memory })
  return body
}
