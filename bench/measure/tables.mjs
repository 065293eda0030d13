// Samples as Markdown: every figure is `median [least-greatest]` of the rounds.
import { spread } from './samples.mjs';

/** The tables of a part. With one case its figures stand side by side; with several, each figure has a table with the cases side by side. */
export function tablesOf(samples, { tables, ratios }) {
  const cases = samples.cases();
  const subjects = samples.subjects();
  const figure = (subject, of, { figure: name, digits = 0 }) => shown(spread(samples.series(of, subject, name)), digits);
  const ratio = (pair, of, { figure: name, digits = 2 }) => shown(spread(samples.ratios(of, name, pair)), digits);
  if (cases.length === 1) {
    const [only] = cases;
    const pairs = ratios[0].pairs;
    return [
      table(only, titles(tables), subjects.map((subject) => [subject, ...tables.map((each) => figure(subject, only, each))])),
      table('ratio', titles(ratios), pairs.map((pair) => [pair.join(' / '), ...ratios.map((each) => ratio(pair, only, each))])),
    ];
  }
  return [
    ...tables.map((each) => table(each.title, cases, subjects.map((subject) => [subject, ...cases.map((of) => figure(subject, of, each))]))),
    ...ratios.map((each) => table(`ratio: ${each.title}`, cases, each.pairs.map((pair) => [pair.join(' / '), ...cases.map((of) => ratio(pair, of, each))]))),
  ];
}

const titles = (list) => list.map(({ title }) => title);

function shown(values, digits) {
  if (values === undefined) return '-';
  const [median, min, max] = [values.median, values.min, values.max].map((value) => value.toFixed(digits));
  return `${median} [${min}-${max}]`;
}

function table(title, head, rows) {
  const columns = [title, ...head];
  return `${[columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
