// Where runs run besides this computer: a Slurm cluster, or wherever a person carries their files.
import type { EngineName } from './engine.ts'

/** A Slurm cluster as a person described it: the way there, and what a job asks for. */
export interface SlurmCluster {
  name: string
  /** As `ssh` takes it, a host of ~/.ssh/config or user@host; null: this computer is a login node itself. */
  ssh: string | null
  /** On a disk that all nodes share. What does not begin with / is below the home folder. */
  folder: string
  /** `native` on the CPU, `gpu` or `cuda` where a node has a card. */
  engine: EngineName
  /** CPUs for each run, and the threads it trains with. */
  cpus: number
  /** What `sbatch` takes under these names; null: the cluster's own choice. */
  partition: string | null
  account: string | null
  qos: string | null
  time: string | null
  gres: string | null
  memory: string | null
  constraint: string | null
  /** Shell lines that make `node` known on a node, like `module load nodejs`. */
  prelude: string | null
  /** An isoflop that is installed there; null: the lab sends its own. */
  command: string | null
  /** A Python with PyTorch on the nodes, for members that several GPUs train together; absent: `python3`. */
  python?: string | null
  /** Its GPUs, by their name among the machines of the cost model; absent: not known, and no time is predicted. */
  card?: string | null
}

/** One run by several processes of PyTorch (torch.distributed), one for each GPU. */
export interface TorchChoice {
  processes: number
  /** Of them on a node; more take more nodes. */
  perNode: number
  /** NCCL between GPUs, Gloo between CPUs. */
  device: 'cuda' | 'cpu'
}

/** What a run that trains so keeps of it. */
export interface TorchRun extends TorchChoice {
  /** What the cost model said before it was submitted, all steps; null where it did not know the GPUs. */
  predictedSeconds: number | null
}

/** What runs are started with that go elsewhere. */
export interface PlaceChoice {
  /** The name of a cluster. */
  on: string
  /** Most of them that train at once; absent: as many as the cluster lets. */
  atOnce?: number
  /** As where they are started here. */
  seeds?: number
  /** Each run by several processes of PyTorch; absent: each by one engine of the lab. */
  torch?: TorchChoice
}

/** What the summary of a run says that runs elsewhere. */
export interface RunPlace {
  name: string
  /** Slurm's id, 123_4; null until it was submitted. */
  job: string | null
  /** Files of its submission lie under this name. */
  array: string | null
  /** Most of that submission that train at once; absent: as many as the cluster lets. */
  atOnce?: number
  /** What it was asked to become; null: to go on to its end. */
  wish: 'pause' | 'stop' | null
  /** Why it waits in the queue, in Slurm's word, and when Slurm expects it to begin. */
  reason: string | null
  startsMs: number | null
  /** When the cluster last answered; its state is as old as that. */
  heardMs: number | null
  /** How much of its records is here. */
  readBytes: number
}

export const notHeardOf: Omit<RunPlace, 'name'> = {
  job: null,
  array: null,
  wish: null,
  reason: null,
  startsMs: null,
  heardMs: null,
  readBytes: 0,
}

/** The place of runs whose files a person carries: no cluster can be called so. */
export const carried = 'by hand'

/** What would be sent to a cluster, before anything is. */
export interface Submission {
  script: string
  /** What is typed, or done, on the login node. */
  command: string
  /** From the folder on the cluster. */
  files: { path: string; bytes: number }[]
  /** Of the runs that PyTorch trains, in their order; absent where none does. */
  predictions?: TorchPrediction[]
}

export interface TorchPrediction {
  /** Of the run. */
  name: string
  /** null: `trouble` says why there is none. */
  seconds: number | null
  /** Mean error of such predictions on published measurements, as a share; null: none is known. */
  error: number | null
  trouble: string | null
}

/** One line of a cluster's check. */
export interface CheckLine {
  what: string
  state: 'running' | 'good' | 'warning' | 'bad' | 'skipped'
  /** What was found, or what is wrong and what to do. */
  text: string
}

export interface ClusterCheck {
  name: string
  isDone: boolean
  lines: CheckLine[]
}
