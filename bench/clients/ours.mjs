// Our SDK with everything on: model check, encoding, outbox, receipt. Only what users import: the bundles in packages/*/dist.
import { CAPABILITIES, commandFilter, reportTopic, SERVICE, TAKEN_AT } from '../report.mjs';

const SECRET = 'bench-secret-0001';

export async function load() {
  const { Device, huawei, reply } = await import('lianyun');

  /** One device; see catalogue.mjs. No closure is made for it, so that a crowd of them weighs what the SDK weighs. */
  class OurDevice {
    #device;

    constructor(device) {
      this.#device = device;
    }

    report(values, done) {
      this.#device.properties.report({ service: SERVICE, values, at: TAKEN_AT }).delivered.then(done, raise);
    }

    fence() {
      return this.#device.topics.publish(reportTopic(this.#device.id), '{}', { qos: 1 }).delivered;
    }

    handle(name, work) {
      this.#device.commands.handle(name, async () => {
        await work();
        return reply({ code: 0, name, output: { ok: true } });
      });
    }

    /** The cloud subscribes its devices by itself; a plain broker has to be asked. */
    subscribe() {
      this.#device.topics.subscribe(commandFilter(this.#device.id), ignore, { qos: 1 });
    }
  }

  return {
    async connect({ host, port, id, qos, checks = false }) {
      const device = new Device({
        dialect: huawei,
        identity: { deviceId: id, secret: SECRET },
        server: `mqtt://${host}:${port}`,
        ...(qos === undefined ? {} : { qos }),
        ...(checks ? { model: await compiledModel() } : {}),
      });
      device.on('problem', raise);
      await device.connect();
      return new OurDevice(device);
    },
  };
}

/** Loaded by those who check a model only: a device that just starts does without. */
async function compiledModel() {
  const { compileModel, readHuaweiProfile } = await import('@lianyun/protocol');
  return compileModel(readHuaweiProfile(CAPABILITIES));
}

function raise(error) {
  throw error;
}

function ignore() {}
