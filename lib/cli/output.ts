// Where a result goes: a file that is there as a whole or not at all, or standard output.
import { readFile } from 'node:fs/promises'
import { checkTarget, type Target, writeAtomically } from '../io/atomic.js'
import { STDIN as STANDARD } from '../io/bytes.js'
import { OUTPUT_ENDINGS, type OutputFormat, outputFormat } from '../io/format.js'
import { writeStandardOutput } from '../io/standard-output.js'
import { type CompressedSet, compressedPieces, type SourceFacts } from '../io/write.js'
import { sha256 } from './checkpoint.js'
import { CliError, EXIT, step } from './exit.js'

export interface OutputCommand {
  output: string
  /** Default: as the ending of the name tells, CSV for standard output. */
  format?: OutputFormat | undefined
  force: boolean
}

export interface Output {
  name: string
  format: OutputFormat
  /** Where the summary goes: standard error when the result takes standard output. */
  summary: NodeJS.WriteStream
  /** Returns the bytes written. Throws Error ERR_FILE, or the signal's reason. */
  write(content: Content, signal: AbortSignal): Promise<number>
}

/** The pieces of a file, and a hash of them all. */
export interface Content {
  pieces: (Uint8Array | string)[]
  hash: string
}

/**
 * Checks that the result can be written there. `written`: the hash of an output that an interrupted run may have put in place
 * already; that one may be overwritten. Throws CliError.
 */
export async function openOutput(
  { output, format: given, force }: OutputCommand,
  inputs: readonly string[],
  written?: string,
): Promise<Output> {
  if (output === STANDARD) {
    const write = ({ pieces }: Content, signal: AbortSignal) => writeStandardOutput(pieces, signal)
    return { name: 'standard output', format: given ?? 'csv', summary: process.stderr, write }
  }
  const format = given ?? outputFormat(output)
  if (format === undefined)
    throw new CliError(
      EXIT.usage,
      `${output}: the name must end in one of ${OUTPUT_ENDINGS.join(', ')}, or --format be given`,
    )
  const isWritten = written !== undefined && (await hashOf(output)) === written
  const target: Target = await step(EXIT.output, () => checkTarget(output, { inputs, force: force || isWritten }))
  const write = ({ pieces }: Content, signal: AbortSignal) =>
    step(EXIT.output, () => writeAtomically(target, pieces, signal))
  return { name: output, format, summary: process.stdout, write }
}

/** The file's content. It is small: as many rows as were kept. */
export async function contentOf(format: OutputFormat, set: CompressedSet, facts: SourceFacts): Promise<Content> {
  const pieces = [...(await compressedPieces(format, set, facts))]
  return { pieces, hash: hashOfPieces(pieces) }
}

function hashOfPieces(pieces: readonly (Uint8Array | string)[]): string {
  return sha256(
    Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece))),
  ).toString('hex')
}

async function hashOf(path: string): Promise<string | undefined> {
  return readFile(path).then(
    (content) => sha256(content).toString('hex'),
    () => undefined,
  )
}
