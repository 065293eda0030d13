import { LianyunError, type PropertyGroup } from '@lianyun/protocol';
import type { RuleCommand, RuleOptions } from '../services/rules.ts';
import { Action, Command } from './gateway-data.ts';
import type { ActionHandler } from './listeners.ts';
import type { Speaker } from './speaker.ts';

/** How rules are run, where they are. */
export type RuleChoice = Pick<RuleOptions, 'timeZone' | 'file'>;

/** Runs a command of a rule as one of the platform's; false when nobody takes it. */
type Invoke = (requestId: string, command: Command) => boolean;

/** The rules that this device runs itself (Huawei 10), if its configuration wants them. */
export class DeviceRules {
  readonly #speaker: Speaker;
  readonly #invoke: Invoke;
  readonly #isEnabled: boolean;
  #handler: ActionHandler | undefined;
  /** Actions of rules that were met in this turn, for the program's own handler. */
  #waiting = new Map<RuleCommand['rule'], Action[]>();
  /** Requests that no platform made: nobody waits for their answers. */
  readonly #own = new Set<string>();

  constructor(speaker: Speaker, { options, invoke }: { readonly options: RuleChoice | undefined; readonly invoke: Invoke }) {
    this.#speaker = speaker;
    this.#invoke = invoke;
    this.#isEnabled = options !== undefined;
    if (options !== undefined) speaker.core.rules.start({ ...options, onCommand: (command) => this.#act(command), onAction: (command) => this.#act(command) });
  }

  set handler(handler: ActionHandler | undefined) {
    this.#handler = handler;
  }

  /** Takes what is said of rules out of a property set. */
  take(groups: readonly PropertyGroup[]): { readonly rest: readonly PropertyGroup[] } | undefined {
    return this.#isEnabled ? this.#speaker.core.rules.take(groups) : undefined;
  }

  /** The device reported. */
  reported(groups: readonly PropertyGroup[]): void {
    if (this.#isEnabled) this.#speaker.core.rules.reported(groups);
  }

  /** Whether a request is a rule's own; asked once. */
  owns(requestId: string): boolean {
    return this.#own.delete(requestId);
  }

  #act(call: RuleCommand): void {
    const { device, service = '', name, args, rule } = call;
    const command = new Command({ deviceId: device, serviceId: service, commandName: name, paras: args });
    if (this.#handler !== undefined) return this.#gather(rule, new Action({ deviceId: device, command }));
    const { core } = this.#speaker;
    if (device !== this.#speaker.device) return core.onProblem(new LianyunError('unknown-message', `The rule ${rule.name ?? rule.id} has a command ${name} for ${device}: set a handler with setRuleActionHandler().`, { device }));
    const requestId = globalThis.crypto.randomUUID().replaceAll('-', '');
    this.#own.add(requestId);
    if (this.#invoke(requestId, command)) return;
    this.#own.delete(requestId);
    core.onProblem(new LianyunError('unknown-message', `The rule ${rule.name ?? rule.id} has a command ${name}, and nobody takes commands: call setCommandListener().`, { device }));
  }

  /** The handler gets the actions of a rule together. */
  #gather(rule: RuleCommand['rule'], action: Action): void {
    if (this.#waiting.size === 0) setImmediate(() => this.#handOver());
    this.#waiting.set(rule, [...(this.#waiting.get(rule) ?? []), action]);
  }

  #handOver(): void {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const actions of waiting.values()) this.#speaker.call('ActionHandler.handleRuleAction', () => this.#handler?.handleRuleAction(actions));
  }
}
