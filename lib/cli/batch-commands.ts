// The commands for many machines: plan, run, work.
import type { Command } from 'commander'
import { nameList, oneOf, order, scale, wholeNumber } from './arguments.js'
import { CliError, EXIT } from './exit.js'
import { COLUMNS, DROP, QUALITY, SCALE, THREADS } from './option-texts.js'
import { addTextOptions } from './text-options.js'

const REDIS = 'where Redis is, with --engine bullmq (default: REDIS_URL, else redis://127.0.0.1:6379)'

export function addBatchCommands(fewpoints: Command, signal: AbortSignal): void {
  addTextOptions(fewpoints.command('plan'))
    .description(
      'write the plan of a compression on many machines, show how far it is, or write a script for a scheduler',
    )
    .argument(
      '[inputs...]',
      'files, patterns like part-*.parquet, addresses (http:, s3:); or a plan, with --status or --emit',
    )
    .option('-o, --output <file>', 'where to write the plan, or the script of --emit')
    .option('--sql <query>', 'a query for DuckDB as one more shard; may be given several times', collect)
    .option('--order <k>', "keep all moments up to this degree, or 'auto' (default): as high as the size allows", order)
    .option('--size <n>', 'the most points of the result (required)', wholeNumber(1))
    .option('--columns <names>', `${COLUMNS} (default: the columns of numbers of the first file)`, nameList)
    .option('--weights <name>', 'the column that has the weights (default: what the first file says, else all are 1)')
    .option('--scale <how>', SCALE, scale, 'standard')
    .option('--quality <word>', QUALITY, oneOf('best', 'fast'), 'best')
    .option('--drop-missing', DROP, false)
    .option('--shard-rows <r>', 'cut NPY and Parquet files into shards of at most so many rows', wholeNumber(1))
    .option('--fan-in <n>', 'how many sets a merge takes, 2 to 64', wholeNumber(2, 64), 8)
    .option('--out <dir>', 'the folder of the outputs (default: beside the plan, with its name and -out)')
    .option('--hash', 'record what the files contain, not when they were changed; for files that are copied', false)
    .option('--force', 'overwrite the output if it exists', false)
    .option('--status', 'show how far the plan is', false)
    .option(
      '--emit <scheduler>',
      "write a script for 'slurm', 'k8s' (Kubernetes) or 'aws' (AWS Batch)",
      oneOf('slurm', 'k8s', 'aws'),
    )
    .option('--json', 'print the summary or the status as JSON', false)
    .option('--quiet', 'print nothing but errors', false)
    .action(async (inputs, options) => {
      const { planCommand } = await import('./plan.js')
      await planCommand(inputs, options, signal)
    })

  fewpoints
    .command('run')
    .description('run a plan: what is missing of it, with several processes')
    .argument('<plan>', 'what fewpoints plan wrote')
    .option(
      '--engine <name>',
      "'local': processes of this machine; 'bullmq': a queue on Redis",
      oneOf('local', 'bullmq'),
      'local',
    )
    .option(
      '--workers <n>',
      'how many processes work here; with bullmq 0 leaves all to others',
      wholeNumber(0, 1024),
      2,
    )
    .option('--threads <n>', 'threads of each (default: processors / workers)', wholeNumber(1))
    .option('--retries <n>', 'how often a task that fails is tried again', wholeNumber(0, 100), 3)
    .option('--redis <url>', REDIS)
    .option('--json', 'print the summary as JSON', false)
    .option('--quiet', 'print nothing but errors', false)
    .action(async (plan, options) => {
      const { runCommand } = await import('./run.js')
      await runCommand(plan, options, signal)
    })

  fewpoints
    .command('work')
    .description('do one task of a plan, or take tasks from a queue')
    .argument('[plan]', 'what fewpoints plan wrote; may be left out with --stay')
    .option(
      '--task <n>',
      'which task, from 0 (default: SLURM_ARRAY_TASK_ID, AWS_BATCH_JOB_ARRAY_INDEX or JOB_COMPLETION_INDEX)',
      wholeNumber(0),
    )
    .option('--level <l>', 'the task is counted within this level (default: among all tasks)', wholeNumber(0))
    .option('--offset <n>', 'is added to the number of the task', wholeNumber(0), 0)
    .option('--threads <n>', THREADS, wholeNumber(1))
    .option(
      '--engine <name>',
      "'bullmq': take tasks from Redis until the plan is done; 'local': from the process that starts this one",
      oneOf('bullmq', 'local'),
    )
    .option('--stay', 'take tasks for ever, of any plan', false)
    .option('--redis <url>', REDIS)
    .option('--json', 'print what was done as JSON', false)
    .option('--quiet', 'print nothing but errors', false)
    .action(async (plan, options) => {
      if (plan === undefined && !(options.engine === 'bullmq' && options.stay))
        throw new CliError(EXIT.usage, 'a plan must be given; only --engine bullmq --stay works without one')
      const { workCommand } = await import('./work.js')
      await workCommand(plan, options, signal)
    })
}

function collect(text: string, list: string[] = []): string[] {
  return [...list, text]
}
