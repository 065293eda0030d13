// In the words of Tencent's own SDK: the platform's time, and a log in files of a megabyte.
import path from 'node:path';
import { LoggerLevel, QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/device_info.json'), LIANYUN_LOG: log } = process.env;
const te = new QcloudExplorer(file, false, null, server);
// Without a file it writes to standard error; here five files are kept, lianyun.log the newest.
const logger = te.logInit(LoggerLevel.INFO, log, 1_048_576, 5, log !== undefined);

te.registerMqttCallback(async () => {
  const time = await te.getNtpAccurateTime();
  console.log(time === -1 ? 'no answer' : new Date(time).toISOString());
  logger?.info(`this clock is off by ${Date.now() - time} ms`);
  await te.disconnect();
});
te.connect();
