// 7. What a large storage answers as quickly as a small one.
import { turned } from '../measure/turns.mjs';
import { withChild } from '../processes.mjs';

const SIZES = { 'one million': 1_000_000, 'ten thousand': 10_000 };
const ASK_MS = 300;
const FILL_MS = 240_000;
/** As many as wait in the journal at most before they go into the tables. */
const JOURNAL = 16_384;

const folders = {};

export const history = {
  name: 'history',
  title: 'The platform over a folder with one million reports, half of them of one device, beside one with ten thousand',
  needsMosquitto: false,
  tables: [
    { title: 'p50 of a page of 50, us', figure: 'p50Us' },
    { title: 'opening, ms', figure: 'startMs' },
  ],
  ratios: [{ title: 'p50 of a page of 50', figure: 'p50Us', pairs: [Object.keys(SIZES)] }],

  async prepare(machine) {
    const notes = [];
    for (const [name, reports] of Object.entries(SIZES)) {
      folders[name] = machine.folder();
      const { devices } = await withChild(machine.history({ directory: folders[name] }), async (child) => {
        await child.next();
        return child.ask({ fill: reports }, FILL_MS);
      });
      notes.push(`${name}: ${devices} devices. Pages go on through the history of the one with half of all reports, and begin anywhere in the list of devices.`);
    }
    return notes;
  },

  async round({ machine, round, add }) {
    for (const name of turned(Object.keys(SIZES), round)) {
      await withChild(machine.history({ directory: folders[name] }), async (child) => {
        await child.next();
        const { 'history page': page, 'device page': devices, start } = await child.ask({ ask: ASK_MS });
        for (const [of, figures] of Object.entries({ 'history page': page, 'device page': devices, start })) add(name, of, figures);
      });
      await withChild(machine.history({ directory: folders[name] }), async (child) => {
        await child.next();
        await child.ask({ crash: JOURNAL }, FILL_MS);
      });
      await withChild(machine.history({ directory: folders[name] }), async (child) => {
        await child.next();
        const { startMs } = await child.ask({ open: true });
        add(name, 'start after a kill', { startMs });
      });
    }
  },
};
