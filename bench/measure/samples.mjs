// Figures of several rounds, and what can be said of them: medians, and ratios of figures of the same round.

/** Median, least and greatest of the numbers in a list with gaps; undefined when there are none. */
export function spread(list) {
  const sorted = list.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1), rounds: sorted.length };
}

/** The value below which the share `part` of a list lies. */
export function percentile(list, part) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

/** Figures by case, subject (who was measured) and round. */
export class Samples {
  #figures = new Map();

  add({ round, subject, of, figures }) {
    const subjects = this.#open(this.#figures, of, () => new Map());
    this.#open(subjects, subject, () => [])[round] = figures;
  }

  cases() {
    return [...this.#figures.keys()];
  }

  subjects() {
    return [...new Set([...this.#figures.values()].flatMap((subjects) => [...subjects.keys()]))];
  }

  /** One figure, round by round; a gap where a round has none. */
  series(of, subject, figure) {
    return Array.from(this.#figures.get(of)?.get(subject) ?? [], (each) => each?.[figure]);
  }

  /** Ratios round by round: what slows down both subjects of a round leaves their ratio alone. */
  ratios(of, figure, [subject, peer]) {
    const peers = this.series(of, peer, figure);
    return this.series(of, subject, figure).map((value, round) => value / peers[round]);
  }

  toJSON() {
    return Object.fromEntries([...this.#figures].map(([of, subjects]) => [of, Object.fromEntries(subjects)]));
  }

  #open(map, key, make) {
    if (!map.has(key)) map.set(key, make());
    return map.get(key);
  }
}
