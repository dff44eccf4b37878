import { toHex } from "@corepool/core/hex";

/** What our init is told on its first connection. The key travels here and not in a command line or an environment. */
export interface InitConfig {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** 32 bytes. */
  readonly probeKey: Uint8Array;
  readonly deadlineSeconds: number;
  /** Resource limits by their kernel number. */
  readonly rlimits: readonly (readonly [resource: number, value: number])[];
  /** Bytes of log that are kept, headers included, and bytes per second that are read. */
  readonly logBytes: number;
  readonly logBytesPerSecond: number;
}

/** Kernel numbers of the limits we set (asm-generic/resource.h; the same on x64 and arm64). */
export const RLIMIT = { fileSize: 1, data: 2, core: 4, processes: 6, openFiles: 7 } as const;

/** Bytes and words that init has room for. */
const [MAX_BYTES, MAX_WORDS] = [1 << 20, 4095];

/**
 * The configuration frame, or the reason why it cannot be sent: entries `letter=value` end in NUL, so no value may
 * contain one.
 */
export function encodeInitConfig(config: InitConfig): { readonly frame: Buffer } | { readonly refused: string } {
  const env = Object.entries(config.env).map(([name, value]) => `${name}=${value}`);
  const entries = [
    ...config.argv.map((word) => `a=${word}`),
    ...env.map((pair) => `e=${pair}`),
    `w=${config.directory}`,
    `k=${toHex(config.probeKey)}`,
    `d=${Math.ceil(config.deadlineSeconds * 1000)}`,
    `c=${config.logBytes}`,
    `b=${config.logBytesPerSecond}`,
    ...config.rlimits.map(([resource, value]) => `l=${resource}:${Math.floor(value)}`),
  ];
  if (config.argv.length === 0 || config.argv[0] === "") return { refused: "The command is empty." };
  if (config.argv.length > MAX_WORDS || env.length > MAX_WORDS)
    return { refused: `The command or the environment has more than ${MAX_WORDS} entries.` };
  if (entries.some((entry) => entry.includes("\0")))
    return { refused: "The command or the environment contains a NUL character." };
  const body = Buffer.from(`${entries.join("\0")}\0`);
  if (body.length > MAX_BYTES)
    return { refused: `The command and the environment take ${body.length} bytes; at most ${MAX_BYTES} fit.` };
  return { frame: Buffer.concat([Buffer.from(`config ${body.length}\n`), body]) };
}
