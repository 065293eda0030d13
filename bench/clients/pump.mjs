// Keeps a device busy: the same loop for every client library.

/** Sends reports for `ms` with at most `window` of them not done; resolves with their number when the last one is done. */
export function pump(device, values, { window, ms }) {
  return new Promise((resolve) => {
    const end = performance.now() + ms;
    let open = 0;
    let sent = 0;
    let isFilling = false;
    let isOver = false;
    const done = () => {
      open--;
      if (!isFilling) fill();
    };
    const fill = () => {
      isFilling = true;
      while (!isOver && open < window) {
        // The clock costs as much as a part of a report: it is asked now and then.
        if ((sent & 15) === 0 && performance.now() >= end) isOver = true;
        else {
          open++;
          sent++;
          device.report(values, done);
        }
      }
      isFilling = false;
      if (isOver && open === 0) resolve(sent);
    };
    fill();
  });
}
