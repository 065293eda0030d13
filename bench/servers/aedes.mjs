// aedes in memory with what a user would add to make it take in reports: a handler that parses and stores.
import net from 'node:net';
import { Aedes } from 'aedes';
import { serve } from './server-process.mjs';

await serve(async ({ host }) => {
  const latest = new Map();
  const broker = await Aedes.createBroker({
    authorizePublish(client, packet, done) {
      const { services } = JSON.parse(packet.payload.toString());
      for (const { service_id: service, properties, event_time: at } of services) latest.set(`${client.id}/${service}`, { properties, at });
      done(null);
    },
  });
  const server = net.createServer({ noDelay: true }, broker.handle);
  await new Promise((resolve, reject) => server.once('error', reject).listen({ host, port: 0, backlog: 4096 }, resolve));
  return { port: server.address().port, about: 'parses each report and keeps its values in a Map; lets everybody in', countStored: () => latest.size };
});
