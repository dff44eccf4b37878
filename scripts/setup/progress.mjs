/** A failure of the set-up that one line explains. */
export class SetupError extends Error {}

/** Ends the program with one clear line for a SetupError, and with the whole error for anything else. */
export function stopWith(error) {
  if (error instanceof SetupError) console.error(`✗ ${error.message}`);
  else console.error(error);
  process.exit(7);
}

const live = process.stdout.isTTY === true && process.env.CI === undefined;
/** What is being done now, and since when. */
const running = new Map();
let timer;

const secondsSince = (started) => ((Date.now() - started) / 1000).toFixed(0);

function draw() {
  const line = [...running].map(([what, started]) => `… ${what} (${secondsSince(started)} s)`).join("  ");
  process.stdout.write(`\r\u001b[2K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
}

/** Says what is being done and for how long, several things at once too; on a terminal in one line, in place. */
export async function during(what, work) {
  const started = Date.now();
  running.set(what, started);
  if (live) timer ??= setInterval(draw, 500);
  else console.log(`… ${what}`);
  let mark = "✗";
  try {
    const result = await work();
    mark = "✓";
    return result;
  } finally {
    running.delete(what);
    if (running.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    if (live) process.stdout.write("\r\u001b[2K");
    console.log(`${mark} ${what} (${secondsSince(started)} s)`);
  }
}
