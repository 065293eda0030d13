import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { codegen, type CodegenOptions } from './codegen/command.ts';
import { logs, type LogsOptions } from './logs.ts';
import { tour } from './tour/command.ts';
import { sayError, up, type UpOptions } from './up.ts';

// Beside the sources and beside what is built.
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string };

const program = new Command('lianyun')
  .version(version)
  .description('Devices of Huawei Cloud IoTDA and Tencent Cloud IoT Explorer, and a platform for them on this machine.')
  .showHelpAfterError('lianyun --help, or lianyun COMMAND --help, says what there is.');

program
  .command('up')
  .description('run the platform on this machine')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--mqtt <port>', 'MQTT port, 0 for any free one', '1883')
  .option('--mqtts <port>', 'port of MQTT over TLS, 0 for any free one; left out: none')
  .option('--http <port>', "port of both clouds' APIs, 0 for any free one", '8080')
  .option('--https <port>', 'port of the APIs over TLS, 0 for any free one; left out: none')
  .option('--public-url <url>', 'how devices and applications reach the HTTP port, where it is not as seen from here')
  .option('--data <folder>', 'where products, devices, what they report, files, generated access keys and the certificate authority are kept')
  .option('--seed <file>', 'products, devices, access keys, and what provisions devices, to begin with')
  .action((options: UpOptions) => up(options));

program
  .command('tour')
  .description('the platform, and this machine as a device on each cloud')
  .option('--once', 'run the tour once, check every step and exit')
  .action(async (options: { readonly once?: boolean }) => {
    process.exitCode = await tour(options);
  });

program
  .command('logs')
  .description('the last lines of the log that a device sent to a platform that runs')
  .argument('<device>', "a Huawei device's id, or ProductId/DeviceName of Tencent")
  .option('--http <url>', "where the platform's APIs are", 'http://127.0.0.1:8080')
  .option('--last <count>', 'how many lines, 1000 at most', '50')
  .option('--data <folder>', 'the folder of the platform, for its access keys')
  .option('--seed <file>', 'the seed of the platform, for its access keys')
  .action((device: string, options: LogsOptions) => logs(device, options));

program
  .command('codegen')
  .description("write a thing model as TypeScript, or as a vendor's file")
  .argument('<file>', 'a Huawei profile, a Tencent template, or a module that exports what defineModel() gives')
  .option('--out <file>', 'write to a file instead of stdout')
  .addOption(new Option('--to <vendor>', "write this vendor's file instead of TypeScript").choices(['huawei', 'tencent']))
  .option('--name <name>', 'the constant in the TypeScript; of a module with several models, the one to read')
  .option('--service <name>', 'put a model without services into one, as Huawei needs')
  .option('--partial', 'write what the vendor has a place for, and say what is left out')
  .action((file: string, options: CodegenOptions) => codegen(file, options));

endWithItsReaders();
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${sayError(error)}\n`);
  process.exitCode = 1;
}

/** Where nobody reads any more what is written (`lianyun … | head`), the command ends as on SIGTERM: up closes its storage, the others have nobody left to work for. */
function endWithItsReaders(): void {
  let isEnding = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (!isEnding) process.kill(process.pid, 'SIGTERM');
      isEnding = true;
    });
  }
}
