// How the cases of Tencent's transcripts become calls of the face.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';
import { UnknownCase, type Stage, type StageOptions } from '../replay.ts';
import type { Case } from '../transcript.ts';
import { CALLS } from './calls.ts';
import { reactionTo } from './reactions.ts';
import { childrenIn, connectionIn, deviceFileIn, ownIn } from './device.ts';
import { callbacksOf, stateName, type Members, type Pair, type Scene } from './scene.ts';
import { listed } from './templates.ts';
import { shown } from '../words.ts';

/** Calls that make their own device. */
const MAKES = new Set(['QcloudExplorer()', 'dynregDevice']);

export class TencentStage implements Stage, Scene {
  readonly options: StageOptions;
  readonly own: Pair;
  readonly child: Pair;
  readonly productSecret: string;
  readonly #file: Members;
  #explorer: QcloudExplorer | undefined;
  #userdata: unknown = null;
  #problems = 0;

  private constructor(options: StageOptions) {
    const { cases, directory } = options;
    this.options = options;
    this.own = ownIn(cases);
    this.child = childrenIn(cases, this.own)[0] ?? this.own;
    this.#file = deviceFileIn(cases, (name) => path.join(directory, 'tls', name));
    this.productSecret = String(this.#file['productSecret']);
  }

  static async open(options: StageOptions): Promise<TencentStage> {
    const stage = new TencentStage(options);
    stage.#userdata = options.cases.flatMap(callbacksOf).find(({ name }) => name === 'on_connect')?.args[2] ?? null;
    const [first] = options.cases;
    if (first !== undefined && !MAKES.has(first.api)) await stage.make(connectionIn(options.cases.find(({ api }) => api === 'connect')));
    return stage;
  }

  get explorer(): QcloudExplorer {
    if (this.#explorer === undefined) throw new UnknownCase('the case needs a device that an earlier one makes');
    return this.#explorer;
  }

  async make(call: Members, file: Members = {}): Promise<QcloudExplorer> {
    await this.#explorer?.[Symbol.asyncDispose]();
    const place = path.join(this.options.directory, 'device_info.json');
    await writeFile(place, JSON.stringify({ ...this.#file, ...file }));
    const { tls = false, useWebsocket = false, domain = null, device_file: given = place } = call as { tls?: boolean; useWebsocket?: boolean; domain?: string | null; device_file?: string };
    this.#explorer = new QcloudExplorer(given, tls, this.#userdata, domain, useWebsocket, { clock: this.options.clock, ca: path.join(this.options.directory, 'tls/ca.pem') });
    this.#problems = 0;
    this.#explorer.onProblem(() => void this.#problems++);
    const names = ['on_connect', 'on_disconnect', 'on_message', 'on_publish', 'on_subscribe', 'on_unsubscribe'] as const;
    const [connect, disconnect, message, publish, subscribe, unsubscribe] = names.map((name) => this.noted(name));
    this.#explorer.registerMqttCallback(connect, disconnect, message, publish, subscribe, unsubscribe);
    return this.#explorer;
  }

  noted(name: string): (...args: readonly unknown[]) => void {
    return (...args) => this.options.wire.recorder.callback(name, args.map((each) => shown(each)));
  }

  async before(recorded: Case): Promise<void> {
    if (this.#explorer === undefined && !MAKES.has(recorded.api)) await this.make({});
    const react = reactionTo(recorded, this.options.cases);
    this.options.wire.respond = (_, publish) => react(publish);
  }

  play(recorded: Case): unknown {
    const call = CALLS[recorded.api];
    if (call === undefined) throw new UnknownCase(recorded.api);
    return call(this, recorded);
  }

  isWaiting(recorded: Case): boolean {
    if (!/^connect$|^\(/.test(recorded.api) || this.#explorer === undefined || this.#explorer.isMqttConnected()) return false;
    return callbacksOf(recorded).some(({ name }) => name === 'on_connect') || this.#problems === 0;
  }

  async observe(recorded: Case): Promise<Record<string, unknown>> {
    const state = recorded['state'] as Members | undefined;
    return {
      ...(state === undefined || this.#explorer === undefined ? {} : { state: Object.fromEntries(Object.keys(state).map((name) => [name, this.#stateOf(name, this.explorer)])) }),
      ...(recorded['device_info.json'] === undefined ? {} : { 'device_info.json': JSON.parse(await readFile(path.join(this.options.directory, 'device_info.json'), 'utf8')) as unknown }),
    };
  }

  async close(): Promise<void> {
    await this.#explorer?.[Symbol.asyncDispose]();
  }

  #stateOf(name: string, explorer: QcloudExplorer): unknown {
    switch (name) {
      case 'isMqttConnected':
        return explorer.isMqttConnected();
      case 's':
      case 'getConnectState':
        return stateName(explorer);
      case 'fetching':
        return explorer.otaIsFetching(...this.own);
      case 'finished':
        return explorer.otaIsFetchFinished(...this.own);
      case 'events':
        return listed(explorer.getEventsList(...this.child));
      case 'actions':
        return listed(explorer.getActionList(...this.child));
      case 'properties':
        return listed(explorer.getPropertyList(...this.child));
      default:
        throw new UnknownCase(`the state ${name}`);
    }
  }
}
