// Which files a repository has, as the hub listed them, kept beside what was fetched so that a second call asks nobody.
import { join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { exists, fileBytes, readJson, writeFileAtomically } from '#main/platform/disk/files.ts'

export interface HubFile {
  path: string
  bytes: number
  /** SHA-256 of a large file's content, or SHA-1 of git's blob; what the hub gave. */
  sha256: string | null
  gitSha1: string | null
}

export interface Listing {
  format: 'isoflop-hub'
  version: 1
  repo: string
  revision: string
  files: HubFile[]
  /** What lies here, with the content that it was fetched as. */
  fetched: Record<string, string>
}

const listingName = '.isoflop-hub.json'

/** null where there is none, or none that can be used: then the hub is asked. */
export async function readListing(folder: string): Promise<Listing | null> {
  const path = join(folder, listingName)
  if (!(await exists(path))) return null
  const found = (await readJson(path).catch(() => null)) as Listing | null
  return found?.format === 'isoflop-hub' &&
    found.version === 1 &&
    Array.isArray(found.files) &&
    typeof found.fetched === 'object'
    ? found
    : null
}

export const writeListing = (folder: string, listing: Listing): Promise<void> =>
  writeFileAtomically(join(folder, listingName), JSON.stringify(listing, null, 1) + '\n')

/** What tells one content of a file from another. */
export const contentOf = ({ bytes, sha256, gitSha1 }: HubFile): string => sha256 ?? gitSha1 ?? `${bytes} bytes`

/** Whether the file lies in `folder` as the listing has it. */
export async function isHere(folder: string, listing: Listing, file: HubFile): Promise<boolean> {
  if (listing.fetched[file.path] !== contentOf(file)) return false
  return fileBytes(join(folder, file.path)).then(
    (bytes) => bytes === file.bytes,
    () => false,
  )
}

/** A path of the hub as it may be used on a disk; one that leads out of its folder is refused. */
export function checkHubPath(path: string, repo: string): string {
  const parts = path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\\:\0]/.test(part))) {
    throw new Fault(
      'damaged',
      `${repo} lists a file ${JSON.stringify(path.slice(0, 200))}, which is no name for a file here.`,
    )
  }
  return path
}
