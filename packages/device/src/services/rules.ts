import { LianyunError, type CommandResult, type DeviceRef, type DeviceRule, type JsonObject, type PropertyGroup, type RuleAction, type RuleRules } from '@lianyun/protocol';
import { RuleEngine } from '../rules/engine.ts';
import { RuleFile } from '../rules/rule-file.ts';
import { Zone } from '../rules/zone.ts';
import type { DeviceContext } from './context.ts';
import { isThenable } from './deadline.ts';

/** What a rule does: a command, for this device or another. */
export interface RuleCommand {
  readonly device: DeviceRef;
  readonly service: string | undefined;
  readonly name: string;
  readonly args: JsonObject;
  /** The rule that was met. */
  readonly rule: DeviceRule;
}

/** Does a command of a rule; what it throws becomes a problem of the device. */
export type RuleCommandHandler = (command: RuleCommand) => void | Promise<void>;

/** How a device runs its rules. */
export interface RuleOptions {
  /** Where the rules are kept, so that they run after a restart before there is a connection. Left out: in memory. */
  readonly file?: string;
  /** The time zone of the rules' times, of the IANA database: `Asia/Shanghai`. Left out: UTC, as the cloud means them (Huawei 10.3). */
  readonly timeZone?: string;
  /** Does commands for other devices. Left out: they are a problem of this device. */
  readonly onAction?: RuleCommandHandler;
  /** Does this device's own commands instead of the handlers of `device.commands`. */
  readonly onCommand?: RuleCommandHandler;
}

/** Runs a command with the handlers of this device. */
type Invoke = (call: Pick<RuleCommand, 'device' | 'service' | 'name' | 'args'>) => Promise<CommandResult>;

export interface RulesParts {
  readonly rules: RuleRules;
  readonly invoke: Invoke;
}

/** What runs from `start()` on. */
interface Running {
  readonly engine: RuleEngine;
  readonly file: RuleFile | undefined;
  readonly options: RuleOptions;
}

/** Rules that this device runs itself: what it reports, or the time, makes it do a command (Huawei 10). Off until `start()`. */
export class RulesService {
  readonly #context: DeviceContext;
  readonly #invoke: Invoke;
  readonly #rules: RuleRules;
  #running: Running | undefined;
  /** The versions that the cloud has told, by rule, in its order; and the rules that are no more. */
  readonly #versions = new Map<string, number>();
  readonly #removed = new Set<string>();

  constructor(context: DeviceContext, { rules, invoke }: RulesParts) {
    this.#context = context;
    this.#rules = rules;
    this.#invoke = invoke;
  }

  /** The rules that the device has, the inactive among them. */
  get list(): readonly DeviceRule[] {
    return this.#running?.engine.rules ?? [];
  }

  /**
   * Takes rules from the cloud and runs them, until the returned function is called or the device is closed. Without a connection as well.
   * Throws `bad-config` for a time zone that is none, `duplicate-handler` when it runs already, `disk-failed` for a file that cannot be read.
   */
  start(options: RuleOptions = {}): () => void {
    const context = this.#context;
    if (this.#running !== undefined) throw new LianyunError('duplicate-handler', 'rules.start() was called already.');
    const { device, clock, cloudTime, dialect } = context;
    const problem = (error: LianyunError): void => context.problem(error);
    const engine = new RuleEngine({ device, clock, now: () => cloudTime.now(), zone: new Zone(options.timeZone ?? 'UTC'), act: (action, rule) => this.#act(action, rule), problem });
    const file = options.file === undefined ? undefined : new RuleFile({ file: options.file, device, dialect, problem });
    for (const rule of file?.read() ?? []) engine.load(rule);
    const running = { engine, file, options };
    this.#running = running;
    const undo = context.peer.handle('rule.deliver', ({ body }) => this.#take(body.rules));
    const stop = (): void => {
      if (this.#running !== running) return;
      this.#running = undefined;
      undo();
      engine.close();
      context.running.delete(stop);
    };
    context.running.add(stop);
    this.#ask([]);
    return stop;
  }

  /** Resolves when the rules are in their file. */
  async stored(): Promise<void> {
    await this.#running?.file?.settled();
  }

  /**
   * Asks the cloud which rules there are, in the device's shadow; it also tells by itself, at every connect and change.
   * Rejects with `timeout`, `offline`, `closed`, `aborted`.
   */
  async sync(options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    const { peer, device, dialect } = this.#context;
    const { deadlineMs = dialect.limits.answerMs, signal } = options;
    const { body } = await peer.request('shadow.get', { device, body: { service: this.#rules.service } }, { deadlineMs, ...(signal && { signal }) });
    this.take(body.services.map(({ service, desired = {} }) => ({ ...(service === undefined ? {} : { service }), values: desired })));
  }

  /** @internal Takes what is said of rules out of a property set. Undefined: they are not run here, and nothing was taken. */
  take(groups: readonly PropertyGroup[]): { readonly rest: readonly PropertyGroup[] } | undefined {
    const { versions, rest } = this.#rules.readVersions(groups);
    if (this.#running === undefined || versions === undefined) return undefined;
    const gone: string[] = [];
    for (const [id, version] of versions) {
      if (version >= 0) {
        this.#versions.set(id, version);
        this.#removed.delete(id);
        continue;
      }
      this.#versions.delete(id);
      this.#removed.add(id);
      gone.push(id);
      if (this.#running.engine.remove(id)) this.#write();
    }
    this.#ask(gone);
    return { rest };
  }

  /** @internal The device reported. */
  reported(groups: readonly PropertyGroup[]): void {
    this.#running?.engine.report(groups);
  }

  /** @internal An answer may have been lost with the connection. */
  onOnline(): void {
    if (this.#running !== undefined) this.#ask([]);
  }

  /** Asks for what the device has not, or has in an older version. */
  #ask(removed: readonly string[]): void {
    const { peer, device, cloudTime, isOnline } = this.#context;
    const rules = [...this.#versions].filter(([id, version]) => (this.#running?.engine.rule(id)?.version ?? -1) < version).map(([id]) => id);
    if (rules.length === 0 && removed.length === 0) return;
    // At the next connect it is asked anew.
    if (!isOnline && removed.length === 0) return;
    peer.send('rule.request', { device, at: cloudTime.now(), body: { rules, removed } });
  }

  /** Only a newer version takes the place of one, and what was removed meanwhile does not come back. */
  #take(rules: readonly DeviceRule[]): void {
    const engine = this.#running?.engine;
    if (engine === undefined) return;
    let hasChanged = false;
    for (const rule of rules) {
      const own = engine.rule(rule.id);
      if (this.#removed.has(rule.id) || (own?.version !== undefined && rule.version !== undefined && rule.version <= own.version)) continue;
      engine.load(rule);
      hasChanged = true;
    }
    if (hasChanged) this.#write();
  }

  #write(): void {
    this.#running?.file?.write(this.list);
  }

  /** In a turn of its own: what it does may report, and meet the rule again. */
  #act({ type = 'DEVICE_CMD', device = this.#context.device, service, name = '', args = {} }: RuleAction, rule: DeviceRule): void {
    const running = this.#running;
    if (type !== 'DEVICE_CMD' || running === undefined) return;
    const command = { device, service, name, args, rule };
    setImmediate(() => {
      if (this.#running !== running) return;
      const { onAction, onCommand } = running.options;
      const handler = device === this.#context.device ? (onCommand ?? ((own: RuleCommand) => this.#runOwn(own))) : onAction;
      if (handler !== undefined) return this.#run(handler, command);
      this.#context.problem(new LianyunError('unknown-message', `The rule ${rule.name ?? rule.id} has a command ${name} for ${device}: give rules.start() an onAction that does it.`, { device }));
    });
  }

  async #runOwn({ rule, ...call }: RuleCommand): Promise<void> {
    const { code, text = 'no text' } = await this.#invoke(call);
    // What threw, or was not there, is a problem already.
    if (code > 0) this.#context.problem(new LianyunError('refused', `The command ${call.name} of the rule ${rule.name ?? rule.id} ended with code ${code}: ${text}.`, { device: call.device, number: code }));
  }

  #run(handler: RuleCommandHandler, command: RuleCommand): void {
    const report = (cause: unknown): void =>
      this.#context.problem(new LianyunError('handler-failed', `The handler of the rule ${command.rule.name ?? command.rule.id} threw: ${cause instanceof Error ? cause.message : String(cause)}`, { device: command.device, cause }));
    try {
      const result = handler(command);
      if (isThenable(result)) Promise.resolve(result).catch(report);
    } catch (cause) {
      report(cause);
    }
  }
}
