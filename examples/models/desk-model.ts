// What the desk lamp can do, once for both clouds. `lianyun codegen examples/models/desk-model.ts --to huawei` (or tencent) writes the vendor's file.
import { defineModel } from 'lianyun';

export const desk = defineModel({
  services: {
    light: {
      properties: {
        on: { type: 'boolean', title: 'On', writable: true },
        brightness: { type: 'int', title: 'Brightness', min: 0, max: 100, unit: '%', writable: true },
        color: { type: 'enum', title: 'Colour', values: { warm: 0, cold: 1 }, writable: true },
        scene: { type: 'string', title: 'Scene', maxLength: 16, writable: true },
        lastUsed: { type: 'timestamp', title: 'Last used' },
      },
      commands: {
        blink: { title: 'Blink', args: { times: { type: 'int', min: 1, max: 10 } }, output: { blinked: { type: 'int', min: 0, max: 10 } } },
      },
      events: { overheated: { title: 'Overheated', severity: 'alert', params: { celsius: { type: 'decimal', min: -40, max: 150, unit: '℃' } } } },
    },
    meter: { properties: { energy: { type: 'long', title: 'Energy', min: 0, max: 9007199254740991n, unit: 'mWh' } } },
  },
});
