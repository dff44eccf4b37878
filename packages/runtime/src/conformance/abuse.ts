import type { SandboxEnd, SandboxLimits } from "@corepool/core/ports/runtime";
import { type Bench, python, type Ran } from "./kit.ts";

/** A workload that takes what it was not given, or will not go. */
export interface Abuse {
  readonly argv: readonly string[];
  readonly limits: SandboxLimits;
  readonly deadlineSeconds: number;
  /** How it may end; anything else is the wrong reason. */
  readonly ends: readonly SandboxEnd[];
  /** What else must be true of it, as a complaint when it is not. */
  readonly complaint?: (ran: Ran, seconds: number) => string | undefined;
}

/** Draws a whole number from `least` to `most`, both included. */
export type Draw = (least: number, most: number) => number;

/** A stream of draws that a seed determines (mulberry32). */
export function drawsOf(seed: number): Draw {
  let state = seed >>> 0;
  return (least, most) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return least + (((t ^ (t >>> 14)) >>> 0) % (most - least + 1));
  };
}

const MIB = 2 ** 20;
/** Init reads output, keeps deadlines and answers under the workload's own quota, so ends come a little late. */
const LATE_SECONDS = 5;
const CPU_SLACK = 1.15;

type Host = Pick<Bench, "cgroup" | "quota" | "diskBytes">;

/** Kinds of abuse, each as workloads with drawn parameters. */
export const ABUSES: Readonly<Record<string, (draw: Draw, host: Host) => Abuse>> = {
  memory: (draw, host) => {
    const memory = draw(64, 160) * MIB;
    const how = [
      "k=[]\nwhile 1: k.append(bytearray(b'x'*(4<<20)))",
      "import mmap\nk=[]\nwhile 1:\n  m=mmap.mmap(-1,8<<20); k.append(m)\n  for j in range(0,8<<20,4096): m[j]=1",
      "for i in range(6):\n  if os.fork()==0: break\nk=[]\nwhile 1: k.append(bytearray(b'x'*(2<<20)))",
      "f=open('/dev/shm/x','wb'); k=[]\nwhile 1:\n  try: f.write(b'x'*(1<<20))\n  except OSError: pass\n  k.append(bytearray(b'x'*(1<<20)))",
    ];
    return {
      argv: python(`import os\n${how[draw(0, how.length - 1)]}`),
      limits: { cpus: 1, memoryBytes: memory, diskBytes: host.diskBytes, pids: 32 },
      deadlineSeconds: 20,
      // Where each process is limited by itself, it fails by its own error before the sandbox is above its limit.
      ends: host.cgroup ? ["out-of-memory", "exited"] : ["out-of-memory", "exited", "signalled"],
      complaint: ({ result }) => {
        if (!host.cgroup) return undefined;
        if (result.oomKills === 0) return "nothing was killed for memory";
        return result.maxRssBytes > memory ? `it had ${result.maxRssBytes} of ${memory} bytes` : undefined;
      },
    };
  },
  "fork bomb": (draw, host) => {
    const pids = draw(8, 64);
    const body = [
      "  try: os.fork()\n  except OSError: pass",
      "  try: os.posix_spawn('/bin/sleep',['sleep','60'],{})\n  except OSError: pass",
    ];
    return {
      argv: python(`import os\nwhile 1:\n${body[draw(0, 1)]}`),
      limits: { cpus: 1, memoryBytes: 256 * MIB, diskBytes: host.diskBytes, pids },
      deadlineSeconds: draw(5, 20) / 10,
      ends: host.cgroup ? ["deadline", "out-of-memory"] : ["deadline", "out-of-memory"],
    };
  },
  "thread bomb": (draw, host) => ({
    argv: python(
      "import threading,time\nn=0\ntry:\n  while 1:\n    threading.Thread(target=time.sleep,args=(60,),daemon=True).start(); n+=1\nexcept RuntimeError: print('threads',n)\nimport os; os._exit(0)",
    ),
    limits: { cpus: 1, memoryBytes: 128 * MIB, diskBytes: host.diskBytes, pids: draw(8, 64) },
    deadlineSeconds: 15,
    ends: ["exited", "out-of-memory"],
  }),
  "temporary directories": (draw, host) => {
    const piece = draw(1, 64) * 4096;
    return {
      argv: python(
        `b=b'x'*${piece}\nfor d in ('/tmp','/dev/shm'):\n  try:\n    with open(d+'/x','wb',0) as f:\n      while 1: f.write(b)\n  except OSError as e: print(d,e.errno)`,
      ),
      limits: { cpus: 1, memoryBytes: draw(64, 128) * MIB, diskBytes: host.diskBytes, pids: 16 },
      deadlineSeconds: 20,
      ends: ["exited", "out-of-memory"],
      complaint: ({ result, stdout }) =>
        result.reason === "exited" && !/^\/tmp (28|27)\n\/dev\/shm (28|27)\n$/.test(stdout)
          ? `it printed ${stdout}`
          : undefined,
    };
  },
  "inodes of the temporary directory": (draw, host) => ({
    argv: python(
      `import os\nn=0\ntry:\n  for n in range(${draw(20, 60)}*1000): os.mknod(f'/tmp/{n}')\nexcept OSError as e: print('errno',e.errno)\nprint(n)`,
    ),
    limits: { cpus: 1, memoryBytes: 64 * MIB, diskBytes: host.diskBytes, pids: 16 },
    deadlineSeconds: 20,
    ends: ["exited", "out-of-memory"],
  }),
  "inodes of the workspace": (draw, host) => {
    const where = draw(0, 1) === 0 ? "'f%d'%n" : "'d%d/f%d'%(n//500,n)";
    return {
      argv: python(
        `import os\nn=0\ntry:\n  while n<${host.quota ? 1_000_000 : 60_000}:\n    if n%500==0: os.mkdir('d%d'%(n//500))\n    os.mknod(${where}); n+=1\nexcept OSError as e: print('errno',e.errno)`,
      ),
      limits: { cpus: 1, memoryBytes: 256 * MIB, diskBytes: host.diskBytes, pids: 16 },
      deadlineSeconds: 60,
      ends: host.quota ? ["exited"] : ["exited", "disk-full"],
      complaint: ({ stdout }) => (host.quota && stdout !== "errno 28\n" ? `it printed ${stdout}` : undefined),
    };
  },
  disk: (draw, host) => {
    const piece = draw(1, 8);
    return {
      argv: python(
        `import os,time\nb=os.urandom(1<<20)\ntry:\n  for n in range(0,${Math.ceil(host.diskBytes / MIB) * 3},${piece}):\n    with open('f%d'%n,'wb') as f:\n      for i in range(${piece}): f.write(b)\n    ${host.quota ? "" : "time.sleep(0.05)"}\nexcept OSError as e: print('errno',e.errno)`,
      ),
      limits: { cpus: 1, memoryBytes: 256 * MIB, diskBytes: host.diskBytes, pids: 16 },
      deadlineSeconds: 60,
      ends: host.quota ? ["exited"] : ["disk-full"],
      complaint: ({ stdout }) => (host.quota && stdout !== "errno 28\n" ? `it printed ${stdout}` : undefined),
    };
  },
  descriptors: (draw, host) => ({
    argv: python(
      `import os\nfor i in range(${draw(0, 3)}):\n  if os.fork()==0: break\nk=[]\ntry:\n  while 1: k.append(os.${draw(0, 1) === 0 ? "open('/dev/null',0)" : "pipe()"})\nexcept OSError as e: os.write(1,b'errno %d\\n'%e.errno)\ntry:\n  while 1: os.wait()\nexcept ChildProcessError: pass`,
    ),
    limits: { cpus: 1, memoryBytes: 128 * MIB, diskBytes: host.diskBytes, pids: 16 },
    deadlineSeconds: 20,
    ends: ["exited", "out-of-memory"],
    complaint: ({ result, stdout }) =>
      result.reason === "exited" && !/^(errno 2[34]\n)+$/.test(stdout) ? `it printed ${stdout}` : undefined,
  }),
  processor: (draw, host) => {
    const cpus = draw(1, 8) / 8;
    return {
      argv: python(`import os\nfor i in range(${draw(1, 6)}):\n  if os.fork()==0: break\nwhile 1: pass`),
      limits: { cpus, memoryBytes: 128 * MIB, diskBytes: host.diskBytes, pids: 16 },
      deadlineSeconds: draw(10, 25) / 10,
      ends: ["deadline"],
      complaint: ({ result }, seconds) => {
        const used = (result.cpuUserUs + result.cpuSystemUs) / 1e6;
        const allowed = cpus * seconds * CPU_SLACK + 0.1;
        return host.cgroup && used > allowed ? `it used ${used} s of ${allowed} s of CPU time` : undefined;
      },
    };
  },
  "log flood": (draw, host) => {
    const bytes = draw(1, 40) * MIB + draw(0, 4095);
    return {
      argv: [`head -c ${bytes} /dev/${draw(0, 1) === 0 ? "zero" : "urandom"} ${draw(0, 1) === 0 ? "" : ">&2"}`],
      limits: { cpus: 1, memoryBytes: 64 * MIB, diskBytes: host.diskBytes, pids: 16 },
      deadlineSeconds: 40,
      ends: ["exited"],
      complaint: ({ result }) => {
        const all = result.logBytesKept + result.logBytesDropped;
        if (all < bytes) return `${all} of ${bytes} bytes are accounted for`;
        return result.logBytesKept > 16 * MIB ? `${result.logBytesKept} bytes were kept` : undefined;
      },
    };
  },
  daemons: (draw, host) => ({
    argv: python(
      `import os,signal,time\nfor i in range(${draw(1, 30)}):\n  if os.fork()==0:\n    os.setsid()\n    if os.fork(): os._exit(0)\n    for s in range(1,64):\n      try: signal.signal(s,signal.SIG_IGN)\n      except (OSError,ValueError): pass\n    os.closerange(0,10)\n    while 1: time.sleep(1)\ntime.sleep(0.1)`,
    ),
    limits: { cpus: 1, memoryBytes: 256 * MIB, diskBytes: host.diskBytes, pids: 64 },
    deadlineSeconds: 30,
    ends: ["exited"],
  }),
  "never ends": (draw, host) => ({
    argv: [
      `trap '' ${["TERM", "TERM INT HUP QUIT USR1 USR2 ALRM XCPU", "CHLD TERM CONT"][draw(0, 2)]}; while :; do sleep 0.${draw(1, 9)}; done`,
    ],
    limits: { cpus: 1, memoryBytes: 64 * MIB, diskBytes: host.diskBytes, pids: 16 },
    deadlineSeconds: draw(3, 12) / 10,
    ends: ["deadline"],
  }),
  "slow output": (draw, host) => ({
    argv: [`i=0; while :; do printf x; sleep 0.0${draw(1, 9)}; done`],
    limits: { cpus: 1, memoryBytes: 64 * MIB, diskBytes: host.diskBytes, pids: 16 },
    deadlineSeconds: draw(5, 15) / 10,
    ends: ["deadline"],
    complaint: ({ stdout }) => (/^x*$/.test(stdout) ? undefined : "the log is not what was written"),
  }),
  "kills everything": (draw, host) => ({
    argv: python(
      `import os,signal,time\nfor i in range(4):\n  if os.fork()==0: time.sleep(60)\nfor i in range(${draw(1, 50)}):\n  for p in (-1,1):\n    try: os.kill(p,signal.${["SIGKILL", "SIGSTOP", "SIGSEGV", "SIGTERM"][draw(0, 3)]})\n    except OSError: pass\nprint('still here')`,
    ),
    limits: { cpus: 1, memoryBytes: 64 * MIB, diskBytes: host.diskBytes, pids: 16 },
    deadlineSeconds: 20,
    ends: ["exited"],
    complaint: ({ stdout }) => (stdout === "still here\n" ? undefined : `it printed ${stdout}`),
  }),
};

/** Says what is wrong with how an abuse ended; undefined when it was held as it should be. */
export function complaintAbout(abuse: Abuse, ran: Ran, seconds: number): string | undefined {
  const { reason, exitCode, signal } = ran.result;
  if (!abuse.ends.includes(reason))
    return `it ended as ${reason} (exit ${exitCode}, signal ${signal}), not as ${abuse.ends.join(" or ")}: ${ran.stderr.slice(-300)}`;
  if (reason === "deadline" && seconds > abuse.deadlineSeconds + LATE_SECONDS)
    return `its deadline of ${abuse.deadlineSeconds} s was kept after ${seconds.toFixed(1)} s`;
  return abuse.complaint?.(ran, seconds);
}
