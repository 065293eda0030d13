// npm run golden -- FILE...: replays wire transcripts through the vendor faces. Without a file: those kept in the project.
import { keptDeviations, keptTranscripts, replayAll } from './all.ts';
import { readTranscripts } from './transcript.ts';

process.env['TZ'] = 'UTC';

const given = process.argv.slice(2);
const cases = await readTranscripts(given.length > 0 ? given : await keptTranscripts()).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
let failed = 0;
await replayAll(cases, await keptDeviations(), (id, faults) => {
  if (faults.length === 0) return;
  failed++;
  console.log(`${id}: ${faults.join('; ').replaceAll('\n', ' ')}`);
});
console.log(`${cases.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 || cases.length === 0 ? 1 : 0);
