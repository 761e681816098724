#!/usr/bin/env node
// The command line: the commands, their options, and the end of the process.
import { Command, CommanderError, Option } from 'commander'
import { systemError } from '../io/bytes.js'
import { orMemoryError } from '../native/memory.js'
import {
  format,
  fraction,
  memorySize,
  nameList,
  oneOf,
  order,
  positiveNumber,
  scale,
  wholeNumber,
} from './arguments.js'
import { addBatchCommands } from './batch-commands.js'
import { blocks } from './blocks.js'
import { CliError, EXIT, exitCodeOf, printError } from './exit.js'
import { abortOnInterrupt } from './interrupt.js'
import { COLUMNS, DROP, QUALITY, SCALE, SUPPORT, THREADS } from './option-texts.js'
import { programInfo, versionText } from './program-info.js'
import { addTextOptions } from './text-options.js'

const EXIT_CODES = `
Exit codes: ${EXIT.ok} all is well, ${EXIT.differs} verify found a difference, ${EXIT.usage} wrong usage, ${EXIT.input} wrong input, \
${EXIT.output} the output cannot be written,
${EXIT.other} anything else, ${EXIT.interrupted} interrupted. FEWPOINTS_DEBUG=1 shows where an error comes from.`

const INPUTS =
  'CSV, TSV, NPY, NPZ, Parquet, Arrow IPC, JSON rows, GeoJSON points, PCD or safetensors; - is standard input'

const OUTPUTS = 'where to: .csv .tsv .npy .npz .parquet .json .ndjson .safetensors, or - for standard output (required)'
const FORMAT =
  'csv, tsv, npy, npz, parquet, json, ndjson or safetensors (default: as the name of the output ends; csv for -)'
const FORCE = 'overwrite the output if it exists (never the input)'

function program(signal: AbortSignal): Command {
  const fewpoints = new Command('fewpoints')
    .description('Replaces many weighted points by a few of them, with the same polynomial moments.')
    .option('-V, --version', 'print the version, and what computes')
    .on('option:version', () => {
      process.stdout.write(versionText())
      throw new CommanderError(0, 'commander.version', '')
    })
    .addHelpText('after', EXIT_CODES)

  addTextOptions(fewpoints.command('compress'))
    .description('write a small file whose points have the same moments as those of large ones')
    .argument('[inputs...]', `files and patterns: ${INPUTS}`)
    .option('-o, --output <file>', OUTPUTS)
    .option('--format <name>', FORMAT, format)
    .option('--sql <query>', 'the rows of a query of DuckDB, instead of files')
    .option(
      '--order <k>',
      "keep all moments up to this degree, or 'auto' (default with --size): as high as it fits",
      order,
    )
    .option(
      '--size <n>',
      'the most points to keep (default: as many as there are moments of the order)',
      wholeNumber(1),
    )
    .option(
      '--blocks <list>',
      'in place of --order, products of degrees in columns or tensors: q,k:2/v,o:2; the first is cut along',
      blocks,
    )
    .option('--columns <names>', `${COLUMNS} (default: all columns of numbers)`, nameList)
    .option('--weights <name>', 'the column that has the weights (default: all are 1)')
    .option('--threads <n>', THREADS, wholeNumber(1))
    .option('--scale <how>', SCALE, scale, 'standard')
    .option('--quality <word>', QUALITY, oneOf('best', 'fast'), 'best')
    .option('--support <word>', SUPPORT, oneOf('rows', 'free'), 'rows')
    .option('--hull', 'with --support free: points lie in the convex hull of the rows of their cell', false)
    .option('--equal-weights', 'with --support free: all points have the same weight', false)
    .option(
      '--minimum-weight <a>',
      'no weight is below so many times the mean of its cell, from 0 to below 1',
      fraction,
    )
    .option('--tolerance <r>', 'the residual that will do, as 1e-8: as few points as reach it', positiveNumber)
    .option('--drop-missing', DROP, false)
    .option('--keep-columns <names>', 'other columns, whose values go along with the kept rows', nameList)
    .option(
      '--memory <bytes>',
      'the most memory that the process takes: 300MB, 2GiB; larger input is streamed',
      memorySize,
    )
    .option('--checkpoint <file>', 'keep the state in this file, and go on from it when it is there')
    .option('--checkpoint-every <seconds>', 'how often the state is written', positiveNumber, 10)
    .option('--progress', 'tell the progress also where stderr is no terminal', false)
    .option('--force', FORCE, false)
    .option('--json', 'print the summary as JSON', false)
    .option('--quiet', 'print nothing but errors', false)
    .action(async (inputs, options) => {
      // No requiredOption(): it would complain before a misspelled option is reported.
      if (options.output === undefined)
        throw new CliError(EXIT.usage, '--output must be given; see fewpoints help compress')
      if (options.size === undefined && options.order === 'auto')
        throw new CliError(EXIT.usage, '--order auto needs --size: the order is chosen for that many points')
      if (options.size === undefined && options.order === undefined && options.blocks === undefined)
        throw new CliError(EXIT.usage, '--order must be given, or --size, and the order is chosen for it')
      const { compressCommand } = await import('./compress.js')
      await compressCommand(inputs, options, signal)
    })

  fewpoints
    .command('merge')
    .description('make one file of several that compress or merge wrote, with the moments of all together')
    .argument('<inputs...>', 'files and patterns; their sequence bears on the result')
    .option('-o, --output <file>', OUTPUTS)
    .option('--format <name>', FORMAT, format)
    .option('--size <n>', 'the most points to keep (default: as many as the largest input has)', wholeNumber(1))
    .option(
      '--order <k>',
      "keep all moments up to this degree, or 'auto' (default: the lowest that an input tells)",
      order,
    )
    .option('--threads <n>', THREADS, wholeNumber(1))
    .option('--scale <how>', SCALE, scale, 'standard')
    .option('--quality <word>', QUALITY, oneOf('best', 'fast'), 'best')
    .option('--support <word>', SUPPORT, oneOf('rows', 'free'), 'rows')
    .option('--force', FORCE, false)
    .option('--json', 'print the summary as JSON', false)
    .option('--quiet', 'print nothing but errors', false)
    .action(async (inputs, options) => {
      if (options.output === undefined)
        throw new CliError(EXIT.usage, '--output must be given; see fewpoints help merge')
      const { mergeCommand } = await import('./merge.js')
      await mergeCommand(inputs, options, signal)
    })

  addTextOptions(fewpoints.command('verify'))
    .description('compare the moments of a compressed file with those of the original, and its rows')
    .argument('<files...>', `the original, or its files in sequence, and last what was made of it: ${INPUTS}`)
    .option(
      '--order <k>',
      'compare moments up to this degree (default: what the file says; CSV, JSON and NPY do not)',
      wholeNumber(0),
    )
    .option('--columns <names>', `${COLUMNS} (default: those of the compressed file)`, nameList)
    .option(
      '--weights <name>',
      "the original's column of weights (default: what the compressed file says, else all are 1)",
    )
    .option(
      '--tolerance <n>',
      'the largest relative difference of a moment, in machine epsilons of 2.2e-16',
      positiveNumber,
      50,
    )
    .option('--threads <n>', THREADS, wholeNumber(1))
    .option('--drop-missing', DROP, false)
    .option('--json', 'print the comparison as JSON', false)
    .option('--quiet', 'print nothing but errors', false)
    .action(async (files, options) => {
      const { verifyCommand } = await import('./verify.js')
      await verifyCommand(files, options, signal)
    })

  addTextOptions(fewpoints.command('info'))
    .description(
      'list columns, types, ranges and missing values, and the number of moments for each order; without a file: what computes',
    )
    .argument('[file]', INPUTS)
    .option('--json', 'print it as JSON', false)
    .action(async (file, options) => {
      if (file === undefined) {
        programInfo(options.json)
        return
      }
      const { infoCommand } = await import('./info.js')
      await infoCommand(file, options, signal)
    })

  addTextOptions(fewpoints.command('picture'))
    .description('draw the density of a file beside the points that were kept of it')
    .argument('<original>', 'a file of the same formats, read twice')
    .argument('<compressed>', 'what compress wrote')
    .option('-o, --output <file>', 'where to: .svg .png .html (required)')
    .option('--columns <names>', `${COLUMNS} (default: all of the compressed file, up to 6)`, nameList)
    .option(
      '--weights <name>',
      "the original's column of weights (default: what the compressed file says, else all are 1)",
    )
    .option(
      '--labels <names>',
      'the titles of the axes, one per column of --columns, and one more for the weights',
      nameList,
    )
    .addOption(
      new Option('--range <how>', 'what the axes show: all rows, or leave out what lies far out')
        .choices(['robust', 'all'])
        .default('robust'),
    )
    .option(
      '--width <pixels>',
      'the width of the picture (default: its own, for .png twice that)',
      wholeNumber(100, 20_000),
    )
    .option('--drop-missing', DROP, false)
    .option('--force', 'overwrite the output if it exists (never an input)', false)
    .option('--json', 'print the summary as JSON', false)
    .option('--quiet', 'print nothing but errors', false)
    .action(async (original, compressed, options) => {
      if (options.output === undefined)
        throw new CliError(EXIT.usage, '--output must be given; see fewpoints help picture')
      const { pictureCommand } = await import('./picture.js')
      await pictureCommand(original, compressed, options, signal)
    })

  addBatchCommands(fewpoints, signal)

  for (const command of [fewpoints, ...fewpoints.commands]) {
    command
      .showSuggestionAfterError()
      .exitOverride()
      .configureOutput({ outputError: () => {} })
  }
  return fewpoints
}

async function main(): Promise<void> {
  // A reader that has seen enough (head, less) closes the pipe. That is no error and does not change the exit code.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    printError(systemError('standard output', error))
    process.exitCode ||= EXIT.output
  })
  process.stderr.on('error', () => {})
  const signal = abortOnInterrupt()
  try {
    await program(signal).parseAsync()
  } catch (error) {
    // Ctrl-C may show as any error of the interrupted work.
    const cause = signal.aborted ? signal.reason : orMemoryError(error)
    if (!(cause instanceof CommanderError)) {
      printError(cause)
      process.exitCode = exitCodeOf(cause)
    } else if (cause.exitCode !== 0) {
      const isHelp = cause.code === 'commander.help'
      if (!isHelp) printError(cause.message.replace(/^error: /, ''))
      process.exitCode = EXIT.usage
    }
  }
}

await main()
