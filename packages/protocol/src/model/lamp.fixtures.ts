import { defineModel } from './index.ts';

/** One model for both clouds with every type that both have in some form. */
export const lamp = defineModel({
  services: {
    light: {
      properties: {
        on: { type: 'boolean', writable: true },
        brightness: { type: 'int', min: 0, max: 100, unit: '%', writable: true },
        color: { type: 'enum', values: { red: 0, green: 1, ['__proto__']: 2 }, writable: true },
        mode: { type: 'enum', values: ['auto', 'eco'] },
        label: { type: 'string', minLength: 1, maxLength: 8, writable: true },
        zone: { type: 'string', values: ['in', 'out'] },
        temperature: 'decimal',
        changedAt: 'timestamp',
        bornAt: { type: 'date-time', writable: true },
        pos: { type: 'struct', members: { x: 'int', lit: 'boolean', tint: { type: 'enum', values: { warm: 1, cold: 2 } } }, writable: true },
        tags: { type: 'array', items: 'string' },
        names: 'string-list',
        ['__proto__']: { type: 'boolean', writable: true },
      },
      commands: {
        blink: { args: { times: { type: 'int', min: 1, max: 10 }, soft: { type: 'boolean', required: false } }, output: { done: 'boolean', total: 'long' } },
        free: {},
      },
      events: { overheated: { severity: 'alert', params: { celsius: 'decimal', lit: 'boolean' } } },
    },
    meter: {
      properties: { energy: { type: 'long', min: 0, writable: true }, constructor: 'int' },
      commands: { reset: { args: { to: 'long' } } },
    },
    empty: {},
  },
});

/** A model without services. */
export const flat = defineModel({
  properties: { on: { type: 'boolean', writable: true }, count: 'int', points: { type: 'array', items: { type: 'struct', members: { x: 'int' } } } },
  commands: { go: { args: { fast: 'boolean' } } },
  events: { done: {} },
});
