// Which weights are meant, in one form for everything that can be done with weights.

/** A run's checkpoint (`step` null for its last), an imported model, or a Hugging Face folder beside the lab. */
export type Subject = KeptSubject | { kind: 'folder'; path: string }

/** What the lab itself keeps, so that a record may name it. */
export type KeptSubject = { kind: 'run'; runId: string; step: number | null } | { kind: 'model'; modelId: string }
