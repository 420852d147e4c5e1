// The job of a cluster's check: what a node has, and whether a model trains there.
import type { EngineName } from '#shared/engine.ts'
import type { CheckLine, SlurmCluster } from '#shared/place.ts'
import { shortened } from '#shared/bounds.ts'
import { shellWord } from '#shared/shell.ts'
import type { OwnFiles } from '#main/platform/disk/own-files.ts'
import { missingModule, oldLibrary } from './ended.ts'
import { preludeOf, resourcesOf } from './script.ts'

export function checkScript(cluster: SlurmCluster, id: string, own: OwnFiles | null): string {
  const runner = own
    ? `node --no-warnings ${shellWord(`runner/${own.id}/out/main/cli.js`)}`
    : shellWord(cluster.command!)
  const bench = `${runner} bench --engine ${cluster.engine} --threads ${cluster.cpus} --shape 256,64,2,2,32,2 --pairs 1 --seconds 2 --json`
  const build = own ? `node ${shellWord(`runner/${own.id}/scripts/build-native.mjs`)} --require --force >&2 && ` : ''
  return `#!/bin/bash
#SBATCH --job-name=isoflop-check
${resourcesOf({ ...cluster, time: '5', gres: cluster.gres ?? (cluster.python && cluster.card ? 'gpu:1' : null) })
  .map((option) => `#SBATCH ${option}`)
  .join('\n')}
#SBATCH --output=check/${id}.out

cd -- "\${SLURM_SUBMIT_DIR:-.}" || exit 1
${preludeOf(cluster)}
echo "isoflop-host \${SLURMD_NODENAME:-$(hostname)}"
echo "isoflop-node $(node --version 2>&1 | head -n 1)"
echo "isoflop-compiler $( (g++ --version || clang++ --version) 2>/dev/null | head -n 1)"
echo "isoflop-card $(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1)"
${cluster.python ? `echo "isoflop-torch $(${shellWord(cluster.python)} -c ${shellWord(askTorch)} 2>&1 | tail -n 1)"\n` : ''}measure() { ${bench}; }
if ! { measure; } > check/${id}.json 2> check/${id}.errors; then
  # the library of the lab's computer may be too new for this one: made here, it fits
  { ${build}measure; } > check/${id}.json 2>> check/${id}.errors && echo 'isoflop-built here'
fi
echo "isoflop-rate $(grep -m 1 '"median"' check/${id}.json | tr -cd '0-9.')"
echo "isoflop-error $(tail -n 1 check/${id}.errors)"
`
}

/** Version, GPUs and the name of the first, divided by `|`. */
const askTorch =
  'import torch; n = torch.cuda.device_count(); print(torch.__version__, n, torch.cuda.get_device_name(0) if n else "", sep="|")'

/** What the node's Python said of its PyTorch; `wantsGpu`: the job asked for one. */
export function readTorch(output: string, python: string, wantsGpu: boolean): Said {
  const said = /^isoflop-torch (.*)$/m.exec(output)?.[1].trim() ?? ''
  const [version, count, card] = said.split('|')
  if (card === undefined || !/^\d+\.\d+/.test(version))
    return [
      'bad',
      `${python} has no PyTorch there: ${said || 'it said nothing'}. Install it for that Python, or name another with --python.`,
    ]
  if (Number(count) > 0) return ['good', `PyTorch ${version}, ${count === '1' ? 'a GPU' : `${count} GPUs`}: ${card}`]
  return wantsGpu
    ? ['bad', `PyTorch ${version} sees no GPU. Name one with --gres, and a PyTorch that is made for CUDA.`]
    : ['good', `PyTorch ${version}, no GPU: processes on CPUs`]
}

type Said = [state: CheckLine['state'], text: string]

function noNode(version: string, major: number, module?: string): string {
  if (module)
    return `The prelude loads no Node.js: ${shortened(module, 200)}. Name a module that \`module avail\` lists, with --prelude.`
  if (oldLibrary.test(version))
    return `Node.js there was made for a newer C library than the nodes have: ${shortened(version, 200)}. Node.js 16 runs on glibc 2.17: load it, or unpack it from nodejs.org, and put it on the PATH with --prelude.`
  return `${major > 0 ? `${version} is too old` : 'node is not found on the nodes'}. Name what brings Node.js 20, with --prelude 'module load nodejs' for example, or unpack it from nodejs.org below your home folder and put it on the PATH there.`
}

export function readCheck(output: string, engine: EngineName): { node: string | null; nodeJs: Said; engine: Said } {
  const value = (name: string): string => new RegExp(`^isoflop-${name} (.+)$`, 'm').exec(output)?.[1].trim() ?? ''
  const [version, rate] = [value('node'), Number(value('rate'))]
  const major = Number(/^v(\d+)\./.exec(version)?.[1] ?? 0)
  const module = output.split('\n').find((line) => missingModule.test(line))
  const nodeJs: Said =
    major < 16
      ? ['bad', noNode(version, major, module?.trim())]
      : module
        ? ['warning', `${version}, but of the prelude: ${shortened(module.trim(), 200)}`]
        : ['good', version]
  const card = value('card')
  const how = [value('built') ? 'compiled on the node' : '', card].filter(Boolean).join(', ')
  const trained: Said =
    rate > 0
      ? [
          'good',
          `${engine} trains there, ${Math.round(rate).toLocaleString('en-US')} tokens/s on a small step${how ? ` (${how})` : ''}`,
        ]
      : [
          'bad',
          `${engine} does not train there: ${value('error') || 'it said nothing'}${
            value('compiler') || engine !== 'native'
              ? ''
              : ' There is no C++ compiler on the nodes: load one in the prelude.'
          }`,
        ]
  return { node: value('host') || null, nodeJs, engine: trained }
}
