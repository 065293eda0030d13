// The report and the command that everybody sends, byte for byte the same, and the thing model that describes them.

/** When the values were taken. */
export const TAKEN_AT = Date.UTC(2026, 10, 21, 22, 40);
export const SERVICE = 'env';
export const COMMAND = 'ping';
const EVENT_TIME = new Date(TAKEN_AT).toISOString();

/** The service_capabilities of the product (Huawei). */
export const CAPABILITIES = [
  {
    service_id: SERVICE,
    service_type: SERVICE,
    properties: [
      { property_name: 'temperature', data_type: 'decimal', method: 'RE', min: '-40', max: '125', step: 0.1, unit: '°C' },
      { property_name: 'humidity', data_type: 'int', method: 'RE', min: '0', max: '100', unit: '%' },
      { property_name: 'voltage', data_type: 'decimal', method: 'RE', min: '0', max: '5' },
      { property_name: 'status', data_type: 'string', method: 'RWE', max_length: 16, enum_list: ['online', 'asleep'] },
      { property_name: 'note', data_type: 'string', method: 'RWE', max_length: 4096 },
    ],
    commands: [
      {
        command_name: COMMAND,
        paras: [{ para_name: 'x', data_type: 'int', required: true, min: '0', max: '1000' }],
        responses: [{ response_name: COMMAND, paras: [{ para_name: 'ok', data_type: 'boolean' }] }],
      },
    ],
  },
];

/** Values whose report has exactly `bytes` bytes. */
export function valuesOf(bytes) {
  const values = { temperature: 23.5, humidity: 61, voltage: 3.31, status: 'online', note: '' };
  const room = bytes - JSON.stringify(reportOf(values)).length;
  if (room < 0) throw new Error(`A report of ${bytes} bytes is too small for the values.`);
  return { ...values, note: 'x'.repeat(room) };
}

/** The body of a report (Huawei reference 3.4). */
export function reportOf(values) {
  return { services: [{ service_id: SERVICE, properties: values, event_time: EVENT_TIME }] };
}

export const reportTopic = (device) => `$oc/devices/${device}/sys/properties/report`;
export const commandFilter = (device) => `$oc/devices/${device}/sys/commands/+`;
export const commandTopic = (device, id) => `$oc/devices/${device}/sys/commands/request_id=${id}`;
export const answerFilter = (device) => `$oc/devices/${device}/sys/commands/response/+`;
export const answerTopic = (device, id) => `$oc/devices/${device}/sys/commands/response/request_id=${id}`;
export const requestIdOf = (topic) => topic.slice(topic.indexOf('request_id=') + 'request_id='.length);

/** A command (Huawei reference 4.1) and its answer (4.2). */
export const commandOf = (device) => ({ object_device_id: device, service_id: SERVICE, command_name: COMMAND, paras: { x: 1 } });
export const answerOf = (name) => ({ result_code: 0, response_name: name, paras: { ok: true } });
