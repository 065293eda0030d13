import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Program } from './program.ts';

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** mosquitto, as it comes: knows nobody, lets everybody in, keeps nothing. */
export class Broker implements AsyncDisposable {
  readonly port: number;
  readonly #mosquitto: string;
  readonly #folder: string;
  #program: Program | undefined;

  private constructor(mosquitto: string, port: number, folder: string) {
    this.#mosquitto = mosquitto;
    this.port = port;
    this.#folder = folder;
  }

  static async start(mosquitto: string): Promise<Broker> {
    const [port, folder] = [await freePort(), await mkdtemp(path.join(tmpdir(), 'lianyun-mosquitto-'))];
    await writeFile(path.join(folder, 'mosquitto.conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nlog_dest stderr\nlog_type all\n`);
    const broker = new Broker(mosquitto, port, folder);
    await broker.restart();
    return broker;
  }

  /** Ends the broker as a power cut does. */
  async kill(): Promise<void> {
    this.#program?.kill('SIGKILL');
    await this.#program?.end();
    this.#program = undefined;
  }

  async restart(): Promise<void> {
    await this.kill();
    this.#program = new Program(this.#mosquitto, ['-c', path.join(this.#folder, 'mosquitto.conf')]);
    await this.#program.line(/ running$/);
  }

  /** Waits for a line of its log. */
  async logged(pattern: RegExp): Promise<void> {
    await this.#program?.line(pattern);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
