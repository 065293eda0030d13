/** Huawei: the profile of the machine, as CreateProduct takes it (service_capabilities). */
export const MACHINE_PROFILE = [
  {
    service_id: 'machine',
    service_type: 'machine',
    description: "A computer's own figures",
    option: 'Mandatory',
    properties: [
      { property_name: 'load', data_type: 'decimal', required: true, min: '0', max: '100000', method: 'RE', description: 'load average of the last minute' },
      { property_name: 'memory', data_type: 'decimal', required: true, min: '0', max: '100', unit: '%', method: 'RE', description: 'memory in use' },
      { property_name: 'disk', data_type: 'decimal', required: true, min: '0', max: '100', unit: '%', method: 'RE', description: 'root file system in use' },
      { property_name: 'network_in', data_type: 'long', required: false, min: '0', max: '9007199254740991', unit: 'B/s', method: 'RE', description: 'bytes received a second' },
      { property_name: 'network_out', data_type: 'long', required: false, min: '0', max: '9007199254740991', unit: 'B/s', method: 'RE', description: 'bytes sent a second' },
      { property_name: 'processes', data_type: 'int', required: false, min: '0', max: '4194304', method: 'RE', description: 'number of processes' },
      { property_name: 'sampler', data_type: 'string', required: false, max_length: 32, method: 'RE', description: 'version of the program that reads the figures' },
      { property_name: 'interval', data_type: 'int', required: true, min: '1', max: '3600', unit: 's', method: 'RWE', description: 'seconds between reports' },
    ],
    commands: [
      {
        command_name: 'top',
        paras: [{ para_name: 'count', data_type: 'int', required: true, min: '1', max: '20', description: 'how many processes' }],
        responses: [{ response_name: 'top_rsp', paras: [{ para_name: 'processes', data_type: 'string', max_length: 2048, description: 'cpu% pid name, separated by ;' }] }],
      },
    ],
    events: [{ event_type: 'busy', paras: [{ para_name: 'load', data_type: 'decimal', required: true, min: '0', max: '100000' }] }],
  },
];

const number = (type: 'int' | 'float', { max, min = '0', unit = '', step = '1' }: { readonly max: string; readonly min?: string; readonly unit?: string; readonly step?: string }): object => ({ type, min, max, start: min, step, unit });

/** Tencent: the data template of the machine, as the console exports it. */
export const MACHINE_TEMPLATE = {
  version: '1.0',
  properties: [
    { id: 'load', name: 'Load', desc: 'load average of the last minute', mode: 'r', required: true, define: number('float', { max: '100000', step: '0.01' }) },
    { id: 'memory', name: 'Memory', desc: 'memory in use', mode: 'r', required: true, define: number('float', { max: '100', unit: '%', step: '0.1' }) },
    { id: 'disk', name: 'Disk', desc: 'root file system in use', mode: 'r', required: true, define: number('float', { max: '100', unit: '%', step: '0.1' }) },
    { id: 'network_in', name: 'Received', desc: 'bytes received a second', mode: 'r', required: false, define: number('int', { max: '2147483647', unit: 'B/s' }) },
    { id: 'network_out', name: 'Sent', desc: 'bytes sent a second', mode: 'r', required: false, define: number('int', { max: '2147483647', unit: 'B/s' }) },
    { id: 'processes', name: 'Processes', desc: 'number of processes', mode: 'r', required: false, define: number('int', { max: '4194304' }) },
    { id: 'sampler', name: 'Sampler', desc: 'version of the program that reads the figures', mode: 'r', required: false, define: { type: 'string', min: '0', max: '32' } },
    { id: 'interval', name: 'Interval', desc: 'seconds between reports', mode: 'rw', required: true, define: number('int', { max: '3600', min: '1', unit: 's' }) },
  ],
  events: [{ id: 'busy', name: 'Busy', desc: '', type: 'alert', required: false, params: [{ id: 'load', name: 'Load', define: number('float', { max: '100000', step: '0.01' }) }] }],
  actions: [
    {
      id: 'top',
      name: 'Busiest processes',
      desc: '',
      required: false,
      input: [{ id: 'count', name: 'How many', define: number('int', { max: '20', min: '1' }) }],
      output: [{ id: 'processes', name: 'cpu% pid name, separated by ;', define: { type: 'string', min: '0', max: '2048' } }],
    },
  ],
};
