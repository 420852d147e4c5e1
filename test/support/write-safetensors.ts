import { type NamedTensor, safetensorsPieces } from '#main/core/model-formats/safetensors.ts'
import { writeFileAtomically } from '#main/platform/disk/files.ts'

/** fp32 tensors as a file of their own; the product writes them among a model's other files. */
export const writeSafetensors = (path: string, tensors: readonly NamedTensor[], metadata = { format: 'pt' }) =>
  writeFileAtomically(path, safetensorsPieces(tensors, metadata))
