// The service of the recorded program, and the calls that are about services.
import { AbstractService, CommandRsp, Property, type IotDevice } from 'lianyun/huawei';
import type { Case } from '../transcript.ts';
import { camelMembers } from '../words.ts';
import type { Call, Scene } from './scene.ts';

/** The service of the recorded program, as far as the transcripts show it: two values, one that is only read, and properties that are wrong on purpose. */
export class Smoke extends AbstractService {
  readonly #scene: Scene;
  readonly ro = new Property({ val: 'ro', fieldName: 'ro', propName: 'readonly', writeable: false });
  readonly bad = new Property({ fieldName: 'bad', propName: 'thrower' });
  alarm = 1;
  temp = 10.5;

  constructor(scene: Scene) {
    super();
    this.#scene = scene;
    this.defineProperties(new Property({ fieldName: 'alarm', propName: 'smokeAlarm' }), new Property({ fieldName: 'temp', propName: 'temperature' }), this.ro, this.bad);
    // Without a field, and with one that has no setter.
    this.writeableProp2field['nofield'] = 'gone';
    this.writeableProp2field['nosetter'] = 'plain';
  }

  readonly plain = 'x';

  getAlarm(): number {
    return this.alarm;
  }

  setAlarm(value: number): void {
    this.#scene.listeners.note('Smoke.set_alarm', [value]);
    this.alarm = value;
  }

  getTemp(): number {
    return this.temp;
  }

  setTemp(value: number): void {
    this.#scene.listeners.note('Smoke.set_temp', [value]);
    this.temp = value;
  }

  getBad(): never {
    throw new Error('getter boom');
  }

  setBad(): never {
    throw new Error('setter boom');
  }

  /** The commands that the recorded program had, as the case shows them. */
  prepare(recorded: Case): void {
    const { inject } = recorded as { inject?: { topic?: string; payload?: { command_name?: string } } };
    const name = inject?.payload?.command_name;
    if (inject?.topic?.includes('/commands/') !== true || name === undefined) return;
    const [answer] = (recorded['publishes'] ?? []) as { payload: { paras?: { error?: string } } }[];
    const error = answer?.payload.paras?.error ?? '';
    if (error.startsWith('command not found')) delete this.command2method[name];
    else if (error.startsWith('method not found: ')) this.command2method[name] = error.slice('method not found: '.length);
    else this.command2method[name] = 'run';
    this.#outcome = { name: ((recorded['callbacks'] ?? []) as { name: string }[])[0]?.name, payload: answer?.payload ?? {}, thrown: /^method execute failed, Exception: (.*)$/s.exec(error)?.[1] };
  }

  #outcome: { readonly name: string | undefined; readonly payload: object; readonly thrown: string | undefined } | undefined;

  run(paras: unknown): CommandRsp {
    const { name, payload = {}, thrown } = this.#outcome ?? {};
    if (name !== undefined) this.#scene.listeners.note(name, [paras]);
    if (thrown !== undefined) throw new Error(thrown);
    return new CommandRsp(camelMembers(payload as Record<string, unknown>));
  }
}

/** Whether the recorded program had a service of its own. */
export const hasServices = (cases: readonly Case[]): boolean => cases.some(({ api, scenario }) => scenario.startsWith('services') || /fire_properties_changed|fire_services_changed|get_service$|\(service model\)/.test(api));

const SERVICE = 'smokeDetector';

/** Gives a device the service of the recorded program. */
export function addServices(scene: Scene, device: IotDevice): void {
  device.addService(SERVICE, new Smoke(scene));
}

const named = (value: unknown): string[] => (value ?? []) as string[];

export const SERVICE_CALLS: Readonly<Record<string, Call>> = {
  'IotDevice.get_service': ({ connected }, { call }) => {
    const service = connected.getService((call['service_id'] ?? SERVICE) as string);
    return service === undefined ? null : [service.constructor.name, null, service.getIotDevice()?.getDeviceId() ?? null, service.serviceId];
  },
  'IotDevice.fire_properties_changed': ({ connected }, { call }) => connected.firePropertiesChanged(String(call['service_id']), named(call['properties'])),
  'IotDevice.fire_services_changed': ({ connected }, { call }) => connected.fireServicesChanged(named(call['service_ids'])),
  'AbstractService.fire_properties_changed': ({ connected }, { call }) => connected.getService(SERVICE)?.firePropertiesChanged(named(call['properties'])),
};
