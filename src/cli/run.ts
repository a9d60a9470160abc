import { Command } from 'commander';
import { sendNotesTo } from '../notes.js';
import { readPackage } from '../package.js';
import { registerBench } from './bench/index.js';
import { registerChat } from './chat/index.js';
import { checkArguments } from './check-arguments.js';
import { registerDemo } from './demo/index.js';
import { registerDoctor } from './doctor/index.js';
import { registerInspect } from './inspect/index.js';
import { registerMeasure } from './measure/index.js';
import { registerModels } from './models/index.js';
import { registerPull } from './pull/index.js';
import { endOnClosedPipe, explain, oneLine, stderr, stdout } from './terminal/index.js';
import { registerTokens } from './tokens/index.js';
import { registerTrace } from './trace/index.js';

/** Runs a command line and sets the exit code: 0 for success, 1 for a failure, 2 for a usage error. */
export async function run(argv: readonly string[]): Promise<void> {
  endOnClosedPipe();
  sendNotesTo((note) => stderr.lines([`note: ${note}`]));
  const program = createProgram();
  await addStudy(program, argv);
  await addJudge(program, argv);
  await addMaterial(program, argv);
  await addPromptCommands(program, argv);
  try {
    checkArguments(argv);
    await program.parseAsync(argv);
  } catch (error) {
    const { message, exitCode } = explain(error, program.opts<{ debug?: true }>().debug === true);
    if (message !== null) stderr.text(`${message}\n`);
    // process.exit would lose output that is still being written to a pipe.
    process.exitCode = exitCode;
  }
}

function createProgram(): Command {
  const program = new Command('holdfast')
    .description("Measure how a language model's hold on its system prompt loosens, and tighten it.")
    .version(readPackage().version, '--version')
    .option('--debug', 'show the stack trace of an error')
    .configureOutput({
      writeOut: stdout.text,
      writeErr: stderr.text,
      outputError: (text, write) => write(`${oneLine(text)}\n`),
    })
    .exitOverride();
  registerChat(program);
  registerTokens(program);
  registerInspect(program);
  registerTrace(program);
  registerMeasure(program);
  registerDemo(program);
  registerModels(program);
  registerPull(program);
  registerBench(program);
  registerDoctor(program);
  return program;
}

/** Loads the modules of studies only if the word `study` occurs, so that other commands start faster. */
async function addStudy(program: Command, argv: readonly string[]): Promise<void> {
  const study = program.command('study').description('run studies, follow them, and report what they found');
  if (!argv.includes('study')) return;
  const { addStudyCommands } = await import('./study/index.js');
  addStudyCommands(study);
}

/** Loads the modules that read studies only if the word `judge` occurs. */
async function addJudge(program: Command, argv: readonly string[]): Promise<void> {
  const judge = program.command('judge').description("check a study's judges against a person's labels");
  if (!argv.includes('judge')) return;
  const { addJudgeCommands } = await import('./judge/index.js');
  addJudgeCommands(judge);
}

/** Loads the modules that read material only if the word `material` occurs. */
async function addMaterial(program: Command, argv: readonly string[]): Promise<void> {
  const material = program.command('material').description('turn published data into material for studies');
  if (!argv.includes('material')) return;
  const { addMaterialCommands } = await import('./material/index.js');
  addMaterialCommands(material);
}

/** Loads the modules that study a single prompt only if the word `calibrate` or `audit` occurs. */
async function addPromptCommands(program: Command, argv: readonly string[]): Promise<void> {
  const calibrate = program
    .command('calibrate')
    .description('find the setting that holds a system prompt on a model within a budget, and test it');
  const audit = program
    .command('audit')
    .description(
      'show how a system prompt fares on a model over a dialogue: attention, influence, obedience',
    );
  if (!argv.includes('calibrate') && !argv.includes('audit')) return;
  const { addAuditCommand, addCalibrateCommand } = await import('./calibrate/index.js');
  addCalibrateCommand(calibrate);
  addAuditCommand(audit);
}
