import pino, { type DestinationStream, type Logger } from "pino";

/** Fields that never reach a log line, wherever an object carries them. */
const SECRET = [
  "authorization",
  "token",
  "secret",
  "password",
  "privateKey",
  "signature",
  "key",
  "cookie",
  "connectionString",
  "idempotency-key",
];

const paths = SECRET.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);

/** What looks like a credential inside a text: bearer tokens and API keys of ours, passwords in URLs. */
const IN_TEXT = /\b(corepool_(?:live|session|agent)_)[A-Za-z0-9_-]+|(:\/\/[^:/@\s]+:)[^@/\s]+(?=@)/g;

const WORTH_A_LOOK = /corepool_|:\/\//;

/** Removes credentials from a text, and whatever else is named. */
export function scrub(text: string, hidden: readonly string[] = []): string {
  const known = text.replace(
    IN_TEXT,
    (_all, prefix: string | undefined, url: string | undefined) => `${prefix ?? url ?? ""}[redacted]`,
  );
  return hidden.reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), known);
}

/** What is secret in an address: its user, its password, and path and query, where hosted chain nodes carry their keys. */
export function secretsOfUrl(address: string): string[] {
  const { username, password, pathname, search } = new URL(address);
  const parts = [username, password, decodeURIComponent(password), pathname, search];
  return parts.filter((part) => part.length > 3);
}

/** An error for the log: its chain of names, codes and scrubbed texts. SQL parameters and hints are left out. */
function errorForLog(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: scrub(String(error)) };
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  return {
    type: error.name,
    ...code,
    message: scrub(error.message),
    stack: scrub(error.stack ?? ""),
    ...(error.cause === undefined || depth > 4 ? {} : { cause: errorForLog(error.cause, depth + 1) }),
  };
}

/**
 * One JSON line per event, on stderr unless another destination is given. Secrets are removed; `hidden`: those that can
 * be told by nothing but their value, of the settings.
 */
export function createLog(
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: false }),
  hidden: readonly string[] = [],
): Logger {
  return pino(
    {
      level,
      base: { service: "coordinator" },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths, censor: "[redacted]" },
      serializers: { err: (error: unknown) => errorForLog(error) },
      hooks: {
        streamWrite: (line) => (WORTH_A_LOOK.test(line) || hidden.length > 0 ? scrub(line, hidden) : line),
      },
    },
    destination,
  );
}
