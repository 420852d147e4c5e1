// What a pickle is read into where it is no plain data: labels that say what it asked for.

/** A name a pickle asks for, `module name`: an inert label. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/** What a pickle asked to be called; understood by the reader of the file, never called. */
export class PickleCall {
  constructor(
    readonly name: string,
    readonly args: readonly unknown[],
  ) {}
}

/** Something stored outside the pickle. */
export class PickleReference {
  constructor(readonly id: unknown) {}
}

export class PickleError extends Error {}

/** Calls that make an empty table, and names that may be passed by. */
export interface PickleWords {
  /** These give an empty Map. */
  tables: ReadonlySet<string>
  /** These give a PickleCall. */
  calls: ReadonlySet<string>
  /** Names that may stand as values, such as the class of a storage. */
  names: ReadonlySet<string>
}
