/** A failure of the set-up that one line explains. */
export class SetupError extends Error {}

/** Ends the program with one clear line for a SetupError, and with the whole error for anything else. */
export function stopWith(error) {
  if (error instanceof SetupError) console.error(`✗ ${error.message}`);
  else console.error(error);
  process.exit(7);
}

/** One line that says what is being done and for how long; on a terminal it updates in place. */
export async function during(what, work) {
  const started = Date.now();
  const seconds = () => ((Date.now() - started) / 1000).toFixed(0);
  const live = process.stdout.isTTY === true && process.env.CI === undefined;
  const timer = live
    ? setInterval(() => process.stdout.write(`\r\u001b[2K… ${what} (${seconds()} s)`), 500)
    : undefined;
  if (!live) console.log(`… ${what}`);
  let mark = "✗";
  try {
    const result = await work();
    mark = "✓";
    return result;
  } finally {
    clearInterval(timer);
    if (live) process.stdout.write("\r\u001b[2K");
    console.log(`${mark} ${what} (${seconds()} s)`);
  }
}
