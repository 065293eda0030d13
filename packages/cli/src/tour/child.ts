import type { Device, huawei, JsonObject, tencent } from 'lianyun';

/** A sub-device of either cloud, as the tour needs it. */
type AnyChild = Pick<ReturnType<Device<typeof huawei>['gateway']['child']> | ReturnType<Device<typeof tencent>['gateway']['child']>, 'properties' | 'commands' | 'events'>;

/** Huawei: the profile of a program that runs on the machine. */
export const PROGRAM_PROFILE = [
  {
    service_id: 'program',
    service_type: 'program',
    description: 'A program and its own figures',
    option: 'Mandatory',
    properties: [
      { property_name: 'memory', data_type: 'decimal', required: true, min: '0', max: '1000000', unit: 'MiB', method: 'RE', description: 'resident memory' },
      { property_name: 'cpu', data_type: 'decimal', required: true, min: '0', max: '1000000000', unit: 's', method: 'RE', description: 'processor time used so far' },
    ],
    commands: [{ command_name: 'pid', paras: [], responses: [{ response_name: 'pid_rsp', paras: [{ para_name: 'pid', data_type: 'int', min: '1', max: '4194304', description: 'its process id' }] }] }],
    events: [],
  },
];

/** Tencent: the data template of a program that runs on the machine. */
export const PROGRAM_TEMPLATE = {
  version: '1.0',
  properties: [
    { id: 'memory', name: 'Memory', desc: 'resident memory', mode: 'r', required: true, define: { type: 'float', min: '0', max: '1000000', start: '0', step: '0.1', unit: 'MiB' } },
    { id: 'cpu', name: 'CPU', desc: 'processor time used so far', mode: 'r', required: true, define: { type: 'float', min: '0', max: '1000000000', start: '0', step: '0.01', unit: 's' } },
  ],
  events: [],
  actions: [{ id: 'pid', name: 'Process id', desc: '', required: false, input: [], output: [{ id: 'pid', name: 'pid', define: { type: 'int', min: '1', max: '4194304', start: '1', step: '1', unit: '' } }] }],
};

/** This very program as a sub-device of the machine: it reports its own figures and answers with its process id. */
export class ProgramThing {
  readonly #child: AnyChild;
  readonly #service: string | undefined;

  constructor(child: AnyChild, service?: string) {
    this.#child = child;
    this.#service = service;
    child.commands.handle('pid', () => ({ pid: process.pid }));
  }

  /** Reports the figures of now. Resolves when the cloud has taken them. */
  async report(): Promise<JsonObject> {
    const { user, system } = process.cpuUsage();
    const values = { memory: Number((process.memoryUsage.rss() / 2 ** 20).toFixed(1)), cpu: Number(((user + system) / 1e6).toFixed(2)) };
    await this.#child.properties.report(this.#service === undefined ? { values } : { service: this.#service, values }).delivered;
    return values;
  }
}
