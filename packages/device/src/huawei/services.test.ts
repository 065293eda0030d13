// Services whose own onRead() fails: the platform gets an answer, the program a problem, and nothing that goes on by itself ends the process.
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { listenTo, until } from '../testing/support.ts';
import { AbstractService, IotDevice } from './index.ts';

const ID = 'prod1_dev1';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

class Broken extends AbstractService {
  readonly #fail: () => never | Promise<never>;

  constructor(fail: () => never | Promise<never>) {
    super();
    this.#fail = fail;
  }

  override onRead(): never | Promise<never> {
    return this.#fail();
  }
}

async function begin(...services: readonly Broken[]) {
  const clock = new FakeClock({ now: Date.UTC(2026, 10, 22) });
  const server = await ScriptedServer.listen(clock);
  const device = new IotDevice({ connectAuthInfo: { id: ID, secret: 's', serverUri: '127.0.0.1', port: server.port } }, { clock });
  open.push(server, { [Symbol.asyncDispose]: () => device.destroy() });
  const log = listenTo(device.device);
  services.forEach((service, index) => device.addService(`s${index}`, service));
  expect(await device.connect()).toBe(0);
  return { clock, server, device, log };
}

const atOnce = (): never => {
  throw new Error('no power');
};
const later = (): Promise<never> => Promise.reject(new Error('no power'));

describe.each([['at once', atOnce], ['later', later]] as const)('A service that cannot be read, which shows %s', (_, fail) => {
  it.each([['alone', { service_id: 's0' }], ['with the others', {}]])('is answered for when it is asked for %s', async (_which, payload) => {
    const { server, log } = await begin(new Broken(later), new Broken(fail), new Broken(fail));
    server.last.send(`$oc/devices/${ID}/sys/properties/get/request_id=r1`, payload);
    await until(() => server.bodies('/properties/get/response/request_id=r1').length > 0, 'the answer');
    expect(server.bodies('/properties/get/response/request_id=r1')).toEqual([{ services: [] }]);
    expect(log.problems).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('no power') as string }]);
  });

  it('is a problem where it is reported, by the program or again and again by itself', async () => {
    const broken = new Broken(fail);
    const { clock, device, log } = await begin(broken);
    device.firePropertiesChanged('s0', []);
    device.fireServicesChanged(['s0']);
    broken.enableAutoReport(5);
    clock.advance(5_000);
    clock.advance(5_000);
    await until(() => log.problems.length === 4, 'a problem each time');
    expect(new Set(log.problems.map(({ code }) => code))).toEqual(new Set(['handler-failed']));
  });
});
