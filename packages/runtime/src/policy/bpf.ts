/**
 * A small assembler for classic BPF as seccomp runs it: blocks of instructions, jumps between them by structure rather
 * than by hand-counted offsets.
 */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Instruction codes (linux/bpf_common.h) that seccomp programs of ours use. */
export const OP = {
  load: 0x20,
  jump: 0x05,
  jumpEqual: 0x15,
  jumpAtLeast: 0x35,
  jumpIfBits: 0x45,
  return: 0x06,
} as const;

const instruction = (code: number, k: number, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k: k >>> 0 });

/** Ends the program with a seccomp action. */
export const give = (action: number): Instruction[] => [instruction(OP.return, action)];

/** Loads the 32-bit word at `offset` of seccomp_data. */
export const load = (offset: number): Instruction[] => [instruction(OP.load, offset)];

/** Runs `yes` when the test of the loaded word against `k` holds, else `no`. Both must end the program. */
export function when(op: number, k: number, yes: readonly Instruction[], no: readonly Instruction[]): Instruction[] {
  if (no.length <= 255) return [instruction(op, k, no.length, 0), ...no, ...yes];
  // A conditional jump reaches 255 instructions; beyond that it steps over an unconditional one.
  return [instruction(op, k, 0, 1), instruction(OP.jump, no.length), ...no, ...yes];
}

/** The bytes the kernel takes: struct sock_filter[], little endian. */
export function assemble(program: readonly Instruction[]): Uint8Array {
  if (program.length > 4096)
    throw new RangeError(`A BPF program has at most 4096 instructions, this one ${program.length}.`);
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, i) => {
    view.setUint16(i * 8, code, true);
    view.setUint8(i * 8 + 2, jt);
    view.setUint8(i * 8 + 3, jf);
    view.setUint32(i * 8 + 4, k, true);
  });
  return bytes;
}
