// Bare MQTT.js: JSON.stringify and client.publish. TCP_NODELAY is the option that it leaves to its users.
import { answerOf, answerTopic, commandFilter, reportOf, reportTopic, requestIdOf } from '../report.mjs';

/** As our SDK has it; MQTT.js alone would take 60. */
const KEEPALIVE_SECONDS = 120;

export async function load({ noDelay }) {
  const { default: mqtt } = await import('mqtt');

  return {
    async connect({ host, port, id, qos = 1 }) {
      const client = mqtt.connect({ protocol: 'mqtt', host, port, clientId: id, keepalive: KEEPALIVE_SECONDS });
      await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject));
      client.on('error', raise);
      if (noDelay) client.stream.setNoDelay(true);
      return new BareDevice(client, id, qos);
    },
  };
}

/** One device; see catalogue.mjs. */
class BareDevice {
  #client;
  #id;
  #topic;
  #options;

  constructor(client, id, qos) {
    this.#client = client;
    this.#id = id;
    this.#topic = reportTopic(id);
    this.#options = qos === 1 ? AT_LEAST_ONCE : AT_MOST_ONCE;
  }

  report(values, done) {
    this.#client.publish(this.#topic, JSON.stringify(reportOf(values)), this.#options, done);
  }

  fence() {
    return this.#client.publishAsync(this.#topic, '{}', AT_LEAST_ONCE);
  }

  handle(name, work) {
    this.#client.on('message', async (topic, payload) => {
      const command = JSON.parse(payload.toString());
      if (command.command_name !== name) return;
      await work();
      this.#client.publish(answerTopic(this.#id, requestIdOf(topic)), JSON.stringify(answerOf(name)), AT_LEAST_ONCE);
    });
  }

  subscribe() {
    return this.#client.subscribeAsync(commandFilter(this.#id), AT_LEAST_ONCE);
  }
}

const AT_MOST_ONCE = { qos: 0 };
const AT_LEAST_ONCE = { qos: 1 };

function raise(error) {
  throw error;
}
