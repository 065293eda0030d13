// What the kernel says about a process (Linux).
import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory, KiB. */
export function residentKiB(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

/** CPU time of all threads that live now, us: finer than the 10 ms ticks of /proc/PID/stat. */
export function cpuUs(pid) {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1000;
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
  return sum;
}
