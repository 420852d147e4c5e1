// A failure with what to do about it; printed as it is, without a stack.

export class Problem extends Error {
  /** @param {string} what one sentence @param {string} remedy what to do */
  constructor(what, remedy, cause) {
    super(what, { cause })
    this.remedy = remedy
  }
}
