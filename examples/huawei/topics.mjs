// Topics of your own, with wildcards: devices of the project talk to each other and to applications. Runs until Ctrl-C.
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// What does not begin with $ is for every device of the project; $oc/devices/{device_id}/user/… is for this one.
device.topics.subscribe('lamps/+/state', ({ topic, payload }) => console.log(topic, payload.toString()));
device.topics.subscribe(`$oc/devices/${deviceId}/user/#`, ({ topic, payload }) => console.log(topic, payload.toString()));

await device.connect();
// Subscriptions are made anew after every reconnect; a publish waits in the outbox while there is no connection.
await device.topics.publish(`lamps/${deviceId}/state`, JSON.stringify({ on: 1 }), { qos: 1 }).delivered;
console.log('published');
