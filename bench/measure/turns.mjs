// Taking turns: everybody is measured many times for a short while, so that a slow moment of the machine hits all of them.

/** The list from another beginning in every round, so that nobody always has the better place. */
export function turned(list, round) {
  const from = round % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
}

/** What several turns of one subject come to: `{ count, ms, …Us }` each, as a rate and microseconds per message. */
export function together(turns) {
  const sum = (figure) => turns.reduce((total, turn) => total + turn[figure], 0);
  const [count, ms] = [sum('count'), sum('ms')];
  const perMessage = Object.keys(turns[0]).filter((figure) => figure.endsWith('Us'));
  return { perSecond: (count / ms) * 1000, ...Object.fromEntries(perMessage.map((figure) => [figure, sum(figure) / count])) };
}
