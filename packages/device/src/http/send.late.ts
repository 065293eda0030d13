export { uploadLogs } from './logs.ts';
export { publishOverHttp } from './publish.ts';
