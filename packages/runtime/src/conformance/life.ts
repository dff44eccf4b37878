import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "@corepool/core/errors";
import { assertGone, type Case, KEY, logText, python, run, specOf, until, withSandbox } from "./kit.ts";

/** The pid namespace that the workload sees itself in; the host sees the same name. */
const NAMESPACE = "readlink /proc/self/ns/pid;";
const namespaceOf = (text: string): string => /pid:\[\d+\]/.exec(text)?.[0] ?? assert.fail(`no namespace in: ${text}`);
const rejectsWith =
  (code: string) =>
  (error: unknown): boolean =>
    codeOf(error) === code;

const answers = async (handle: { probe(nonce: Uint8Array): Promise<Uint8Array> }): Promise<void> => {
  const nonce = randomBytes(32);
  const expected = createHmac("sha256", KEY).update("corepool-probe-v1").update(nonce).digest();
  assert.deepEqual(Buffer.from(await handle.probe(nonce)), expected);
};

/** Starting, probing, freezing, ending. */
export const lifeCases: readonly Case[] = [
  {
    name: "runs a command and keeps its exit code, output and times",
    async run(bench) {
      const { result, stdout, stderr } = await run(bench, ['echo "$GREETING $0"; echo complaint >&2; exit 3'], {
        env: { GREETING: "good day" },
      });
      assert.deepEqual(
        [result.reason, result.exitCode, result.signal, stdout, stderr],
        ["exited", 3, null, "good day sh\n", "complaint\n"],
      );
      assert.ok((result.endedBootNs ?? 0n) > (result.startedBootNs ?? 0n));
      assert.equal(result.logBytesKept, stdout.length + stderr.length);
    },
  },
  {
    name: "tells a missing command and one that may not be executed from a failed one",
    async run(bench) {
      const missing = await run(bench, ["no-such-command", "x"]);
      assert.deepEqual(
        [missing.result.exitCode, missing.notice],
        [127, "corepool: cannot start no-such-command: no such file or directory\n"],
      );
      assert.equal((await run(bench, ["/etc/passwd", "x"])).result.exitCode, 126);
      const killed = await run(bench, ["kill -SEGV $$"]);
      assert.deepEqual([killed.result.reason, killed.result.signal, killed.result.exitCode], ["signalled", 11, null]);
    },
  },
  {
    name: "answers probes, also while frozen and while the workload hogs the processor",
    run: (bench) =>
      withSandbox(bench, ["echo up; while :; do :; done"], async (handle) => {
        await until(handle, "up");
        await answers(handle);
        await Promise.all([answers(handle), answers(handle), answers(handle)]);
        await handle.freeze();
        await answers(handle);
        await assert.rejects(handle.probe(new Uint8Array(31)), rejectsWith("bad-request"));
        await handle.stop(0);
        await assert.rejects(handle.probe(new Uint8Array(32)), rejectsWith("sandbox-gone"));
      }),
  },
  {
    name: "freezes every process where it is and thaws it again",
    run: (bench) =>
      // The inner shell tries to wake the outer one all the time.
      withSandbox(
        bench,
        ["(while :; do kill -CONT $$; done) & i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done"],
        async (handle) => {
          const position = async (): Promise<number> => {
            let at = 0;
            for (
              let page = await handle.readLog(0, 1 << 20);
              page.chunks.length > 0;
              page = await handle.readLog(at, 1 << 20)
            )
              at = page.next;
            return at;
          };
          await until(handle, "5");
          await handle.freeze();
          await sleep(600);
          assert.equal((await handle.stats()).frozen, true);
          const before = await position();
          await sleep(500);
          assert.equal(await position(), before, "something was printed while frozen");
          await handle.freeze();
          await handle.thaw();
          await sleep(300);
          assert.ok((await position()) > before, "nothing was printed after the thaw");
          assert.equal((await handle.stats()).frozen, false);
        },
      ),
  },
  {
    name: "stops politely, and by force what ignores it",
    async run(bench) {
      await withSandbox(
        bench,
        ["trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.05; done"],
        async (handle) => {
          await until(handle, "up");
          await handle.freeze();
          await handle.stop(5000);
          assert.deepEqual(
            [(await handle.wait()).reason, (await handle.wait()).exitCode, (await logText(handle)).stdout],
            ["stopped", 9, "up\nbye\n"],
          );
          await handle.stop(0);
        },
      );
      await withSandbox(
        bench,
        [`trap '' TERM; ${NAMESPACE} (trap '' TERM; sleep 60) & echo up; while :; do sleep 1; done`],
        async (handle) => {
          await until(handle, "up");
          const start = performance.now();
          await handle.stop(200);
          const took = performance.now() - start;
          assert.ok(took > 150 && took < 1200, `stopped after ${took} ms`);
          assert.deepEqual([(await handle.wait()).reason, (await handle.wait()).signal], ["stopped", 9]);
          await assertGone(bench, namespaceOf((await logText(handle)).stdout));
        },
      );
    },
  },
  {
    name: "ends at its hard deadline, which can be moved both ways",
    async run(bench) {
      const late = await run(bench, [`${NAMESPACE} trap '' TERM; sleep 60`], { deadlineSeconds: 0.5 });
      assert.equal(late.result.reason, "deadline");
      await assertGone(bench, namespaceOf(late.stdout));
      await withSandbox(
        bench,
        ["sleep 1; echo done"],
        async (handle) => {
          await handle.extend(30);
          assert.deepEqual([(await handle.wait()).reason, (await logText(handle)).stdout], ["exited", "done\n"]);
        },
        { deadlineSeconds: 0.5 },
      );
      await withSandbox(bench, ["sleep 60"], async (handle) => {
        await handle.freeze();
        await handle.extend(0.1);
        assert.equal((await handle.wait()).reason, "deadline");
      });
    },
  },
  {
    name: "leaves no process behind: daemons, fork bombs, orphans",
    async run(bench) {
      const daemon = await run(bench, [
        `${NAMESPACE} (setsid sh -c "trap '' TERM HUP; sleep 60" </dev/null >/dev/null 2>&1 &) ; sleep 0.1`,
      ]);
      assert.equal(daemon.result.reason, "exited");
      await assertGone(bench, namespaceOf(daemon.stdout));
      await withSandbox(
        bench,
        [
          `${NAMESPACE} exec python3 -c 'import os
while 1:
  try: os.fork()
  except OSError: pass'`,
        ],
        async (handle) => {
          await until(handle, "pid:");
          await sleep(700);
          await answers(handle);
          const { processes } = await handle.stats();
          assert.ok(processes <= 66, `${processes} processes`);
          await handle.freeze();
          await handle.stop(0);
          await assertGone(bench, namespaceOf((await logText(handle)).stdout));
        },
      );
    },
  },
  {
    name: "knows a sandbox that was killed from outside, and kills one that hangs",
    async run(bench) {
      const rootOf = async (id: string): Promise<number> => (await bench.rootProcess(id)) ?? assert.fail("no process");
      await withSandbox(bench, ["sleep 60"], async (handle) => {
        process.kill(await rootOf(handle.id), "SIGKILL");
        assert.deepEqual([(await handle.wait()).reason, (await handle.wait()).exitCode], ["lost", null]);
        await assert.rejects(handle.probe(new Uint8Array(32)), rejectsWith("sandbox-gone"));
      });
      await withSandbox(bench, [`${NAMESPACE} sleep 60`], async (handle) => {
        await until(handle, "pid:");
        process.kill(await rootOf(handle.id), "SIGSTOP");
        await handle.stop(0);
        assert.equal((await handle.wait()).reason, "stopped");
        await assertGone(bench, namespaceOf((await logText(handle)).stdout));
      });
    },
  },
  {
    name: "survives a restart of the agent",
    async run(bench) {
      const runtime = bench.runtime();
      const first = await runtime.create(
        specOf(bench, [
          "echo before; i=0; while [ ! -e go ]; do sleep 0.02; i=$((i+1)); done; echo after; mkdir -p outputs; echo 1 > outputs/r; exit 4",
        ]),
      );
      await until(first, "before");
      const waiting = assert.rejects(first.wait(), rejectsWith("interrupted"));
      const again = await bench.restart();
      await waiting;
      assert.ok((await again.list()).includes(first.id));
      const handle = (await again.attach(first.id)) ?? assert.fail("not found");
      assert.deepEqual(handle.isolation, first.isolation);
      await answers(handle);
      await assert.rejects(
        again.create(specOf(bench, ["true"])),
        rejectsWith("sandbox-failed"),
        "its slot must still be taken",
      );
      await handle.extend(1);
      const { next } = await handle.readLog(0, 1 << 16);
      const third = await bench.restart();
      await sleep(1100);
      // It ended while nobody was connected.
      const ended = (await third.attach(first.id)) ?? assert.fail("not found");
      assert.deepEqual(
        [(await ended.wait()).reason, (await ended.readLog(next, 1 << 16)).chunks.length],
        ["deadline", 0],
      );
      await ended.destroy();
      assert.equal(await third.attach(first.id), null);
      assert.deepEqual(await third.list(), []);
      await ended.destroy();
      assert.equal((await run(bench, ["ls -A /work"])).stdout, "outputs\n");
    },
  },
  {
    name: "runs Python with threaded BLAS",
    async run(bench) {
      const { result, stdout, stderr } = await run(
        bench,
        python(
          "import numpy as n, sklearn, threading, multiprocessing.shared_memory as s\na=n.random.rand(300,300)\nn.linalg.svd(a@a)\nt=[threading.Thread(target=sum,args=([1],)) for _ in range(8)]\n[x.start() for x in t]\n[x.join() for x in t]\nm=s.SharedMemory(create=True,size=1000)\nm.close()\nm.unlink()\nprint('fine')",
        ),
        { limits: { cpus: 2, memoryBytes: 512 * 2 ** 20, diskBytes: bench.diskBytes, pids: 64 } },
      );
      assert.deepEqual([result.exitCode, stdout], [0, "fine\n"], stderr);
    },
  },
];
