// The footer of a parquet file, walked before the packages build anything of it, and compared with itself.
import { parquetMetadata, parquetSchema, type FileMetaData } from 'hyparquet'
import { walkThrift } from './thrift.ts'
import type { Slices } from './parquet-headers.ts'

/** Columns, those inside of others counted. */
const mostColumns = 2000

type SchemaTree = ReturnType<typeof parquetSchema>

/**
 * What a file holds, in which every row group has just the schema's columns, in its order: hyparquet waits for these
 * alone, and what fails in others would reach nobody. An Error says what is wrong.
 */
export function readFooter(file: Slices): { metadata: FileMetaData; columns: SchemaTree['children'] } {
  const tail = file.byteLength < 12 ? null : new DataView(file.slice(file.byteLength - 8, file.byteLength))
  if (!tail || tail.getUint32(4, true) !== 0x31524150) throw new Error('it does not end as a parquet file')
  const footerBytes = tail.getUint32(0, true)
  if (footerBytes > file.byteLength - 12) throw new Error(`a footer of ${footerBytes} bytes`)
  const footer = file.slice(file.byteLength - 8 - footerBytes, file.byteLength)
  if (walkThrift(new Uint8Array(footer, 0, footerBytes)) === null) throw new Error('a footer that is not whole')
  // Columns of maps are of no use here, and a schema that counts its children below zero would be gone round for ever.
  const metadata = parquetMetadata(footer, { geoparquet: false })
  if (metadata.schema.length > mostColumns) throw new Error(`a schema of ${metadata.schema.length} columns`)
  const { children } = parquetSchema(metadata)
  const leaves = children.flatMap(leafPaths)
  for (const { columns } of metadata.row_groups) {
    const paths = columns.map(({ meta_data }) => meta_data?.path_in_schema.join('\0'))
    if (paths.length !== leaves.length || paths.some((path, i) => path !== leaves[i]))
      throw new Error('a row group with other columns than the schema has')
  }
  return { metadata, columns: children }
}

const leafPaths = (column: SchemaTree): string[] =>
  column.children.length > 0 ? column.children.flatMap(leafPaths) : [column.path.join('\0')]
