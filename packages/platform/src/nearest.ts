/** What is longer is no name that somebody mistyped. */
const MAX_WRITTEN = 200;

/** The nearest of `names` to what somebody wrote, if one is near enough to have been meant. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  if (written.length > MAX_WRITTEN) return undefined;
  const near = names
    .map((name) => ({ name, distance: distance(written.toLowerCase().replace(/[_-]/g, ''), name.toLowerCase().replace(/[_-]/g, '')) }))
    .sort((a, b) => a.distance - b.distance);
  return near.find((each) => each.distance <= Math.max(2, Math.floor(written.length / 3)))?.name;
}

/** How many letters to add, drop or change to get from one text to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
