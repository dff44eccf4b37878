import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "@corepool/core/errors";
import { type Case, logText, python, run, specOf, until, withSandbox } from "./kit.ts";

const MIB = 2 ** 20;
const rejectsWith =
  (code: string) =>
  (error: unknown): boolean =>
    codeOf(error) === code;

/** Limits, logs, inputs, outputs, and specifications that must be refused. */
export const boundsCases: readonly Case[] = [
  {
    name: "holds a workload below its memory",
    async run(bench) {
      const hog = python(
        "import mmap\nfor i in range(40):\n  m=mmap.mmap(-1,16<<20)\n  globals()[f'm{i}']=m\n  for j in range(0,16<<20,4096): m[j]=1\n  import time; time.sleep(0.1)\nprint('took 640 MiB')",
      );
      const { result, stdout } = await run(bench, hog);
      assert.equal(stdout, "");
      assert.equal(result.reason, "out-of-memory");
      if (bench.cgroup)
        assert.ok(
          result.oomKills >= 1 && result.maxRssBytes <= 256 * MIB,
          `${result.oomKills} kills, ${result.maxRssBytes} bytes`,
        );
    },
  },
  {
    name: "holds a workload below its disk",
    async run(bench) {
      // Many files, each below the limit of one file.
      const fill = python(
        `import os,time\nb=os.urandom(1<<20)\nn=0\ntry:\n  while n<${Math.ceil((bench.diskBytes / MIB) * 3)}:\n    open(f'f{n}','wb').write(b*4)\n    n+=4\n    ${bench.quota ? "" : "time.sleep(0.05)"}\nexcept OSError as e: print('errno',e.errno)`,
      );
      const { result, stdout } = await run(bench, fill);
      if (bench.quota) assert.deepEqual([result.reason, stdout], ["exited", "errno 28\n"]);
      else assert.equal(result.reason, "disk-full");
    },
  },
  {
    name: "bounds the temporary directories and closes everything else to writing",
    async run(bench) {
      const { stdout } = await run(bench, [
        "for d in / /etc /dev /usr /proc/sys/kernel /run; do touch $d/x 2>/dev/null && echo open $d; done; for d in /tmp /dev/shm; do head -c 200000000 /dev/zero > $d/x 2>/dev/null; stat -c %s $d/x; rm $d/x; done; ulimit -c; ulimit -n",
      ]);
      const [tmp, shm, core, files] = stdout.trim().split("\n").map(Number);
      assert.ok((tmp ?? 0) <= 128 * MIB && (tmp ?? 0) > 0 && (shm ?? 0) <= 128 * MIB, stdout);
      assert.deepEqual([core, (files ?? 0) <= 4096], [0, true]);
    },
  },
  {
    name: "keeps a flood of output within its bounds and counts what it drops",
    async run(bench) {
      await withSandbox(bench, ["head -c 40000000 /dev/zero | tr '\\0' x; echo last >&2"], async (handle) => {
        const result = await handle.wait();
        const { stdout, notice } = await logText(handle);
        assert.equal(result.logBytesKept + result.logBytesDropped, 40_000_005);
        assert.ok(
          stdout.length <= result.logBytesKept && result.logBytesKept < 16 * MIB,
          `${result.logBytesKept} bytes kept`,
        );
        assert.match(notice, /log limit is reached/);
      });
    },
  },
  {
    name: "gives the log by pages and positions, in order, while it grows",
    run: (bench) =>
      withSandbox(
        bench,
        ["i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done; echo mid >&2; sleep 0.3; echo end"],
        async (handle) => {
          await until(handle, "line 5\n");
          const whole = await logText(handle);
          let [text, at] = ["", 0];
          for (let page = await handle.readLog(at, 64); page.chunks.length > 0; page = await handle.readLog(at, 64)) {
            for (const { stream, bytes } of page.chunks) if (stream === "stdout") text += Buffer.from(bytes).toString();
            assert.equal(page.next, page.chunks.at(-1)?.next);
            at = page.next;
          }
          assert.equal(text, whole.stdout);
          assert.equal(text.split("\n").length, 302);
          await assert.rejects(handle.readLog(3, 64), RangeError);
        },
      ),
  },
  {
    name: "binds inputs read-only where they were asked for",
    async run(bench) {
      const hostFile = join(bench.scratch, "input");
      await writeFile(hostFile, "content\n", { mode: 0o644 });
      const { stdout } = await run(
        bench,
        ["cat data/deep/in.txt; echo x >> data/deep/in.txt || echo refused; rm -f data/deep/in.txt || echo kept"],
        { inputs: [{ path: "data/deep/in.txt", hostFile }] },
      );
      assert.equal(stdout, "content\nrefused\nkept\n");
      for (const path of ["../x", "/etc/x", "a/../../x", "a//b", ".", "", "a\\b", "x\0y", `${"d/".repeat(600)}x`]) {
        await assert.rejects(run(bench, ["true"], { inputs: [{ path, hostFile }] }), rejectsWith("path-escape"), path);
      }
      for (const paths of [["a", "a"], ["a", "a/b"], ["outputs/x"]]) {
        await assert.rejects(
          run(bench, ["true"], { inputs: paths.map((path) => ({ path, hostFile })) }),
          rejectsWith("bad-request"),
        );
      }
      await assert.rejects(
        run(bench, ["true"], { inputs: [{ path: "a", hostFile: `${hostFile}-missing` }] }),
        rejectsWith("sandbox-failed"),
      );
    },
  },
  {
    name: "lists plain outputs and refuses what leads elsewhere",
    run: (bench) =>
      withSandbox(
        bench,
        python(
          "import os,socket\nos.chdir('outputs')\nos.makedirs('a/b')\nopen('a/b/model','w').write('weights')\nopen('zeros','w').truncate(1000)\nos.symlink('/etc/passwd','link')\nos.symlink('/','dirlink')\nopen('twice','w').write('x')\nos.link('twice','../other')\nos.mkfifo('fifo')\nsocket.socket(socket.AF_UNIX).bind('sock')\nopen('back\\\\slash','w')\nopen(b'not\\xfftext','w')\nos.mkdir('closed'); os.chmod('closed',0)\nd='deep'\nfor i in range(40):\n  os.mkdir(d)\n  d+='/d'",
        ),
        async (handle) => {
          assert.equal((await handle.wait()).exitCode, 0, (await logText(handle)).stderr);
          const listing = await handle.outputs();
          assert.deepEqual(listing.files, [
            { path: "a/b/model", bytes: 7 },
            { path: "zeros", bytes: 1000 },
          ]);
          const reasons = Object.fromEntries(
            listing.refused.map(({ path, reason }) => [path.startsWith("deep/") ? "deep" : path, reason]),
          );
          assert.deepEqual(reasons, {
            link: "symlink",
            dirlink: "symlink",
            twice: "hardlink",
            fifo: "special-file",
            sock: "special-file",
            "back\\slash": "bad-name",
            "not\ufffdtext": "bad-name",
            closed: "unreadable",
            deep: "too-deep",
          });
          const pieces: Uint8Array[] = [];
          for await (const piece of handle.readOutput("a/b/model")) pieces.push(piece);
          assert.equal(Buffer.concat(pieces).toString(), "weights");
          for (const path of [
            "link",
            "dirlink/etc/passwd",
            "twice",
            "fifo",
            "../other",
            "a",
            "missing",
            "/etc/passwd",
          ]) {
            await assert.rejects(
              handle.readOutput(path)[Symbol.asyncIterator]().next(),
              rejectsWith("path-escape"),
              path,
            );
          }
          const few = await handle.outputs({ maxFiles: 1, maxDepth: 32, maxTotalBytes: 500 });
          assert.ok(few.files.length <= 1 && few.refused.some(({ reason }) => reason === "too-many"));
        },
      ),
  },
  {
    name: "finds no outputs where the workload put a link in place of the directory",
    run: (bench) =>
      withSandbox(bench, ["rmdir outputs; ln -s /etc outputs"], async (handle) => {
        await handle.wait();
        assert.deepEqual(await handle.outputs(), { files: [], refused: [], refusedCount: 0, totalBytes: 0 });
      }),
  },
  {
    name: "wipes whatever a workload leaves",
    async run(bench) {
      const nasty = await run(
        bench,
        python(
          "import os\nopen(b'bad\\xff','w')\nos.mkdir('shut'); open('shut/x','w'); os.chmod('shut',0)\nos.symlink('/usr','usr')\nfor i in range(2500): open(f'many{i}','w')\nfor i in range(1500):\n  os.mkdir('d'*100)\n  os.chdir('d'*100)\nopen('bottom','w')\nos.chmod('.',0)\nprint('made')",
        ),
      );
      // A watcher that meets a closed directory takes it for too much, whichever comes first.
      if (bench.quota || nasty.result.reason !== "disk-full") assert.equal(nasty.stdout, "made\n", nasty.stderr);
      assert.equal((await run(bench, ["ls -A /work"])).stdout, "outputs\n");
    },
  },
  {
    name: "refuses a specification that makes no sense, and changes nothing",
    async run(bench) {
      const runtime = bench.runtime();
      const good = specOf(bench, ["true"]);
      const bad = [
        { ...good, id: "../x" },
        { ...good, slot: "none" },
        { ...good, argv: [] },
        { ...good, argv: [""] },
        { ...good, argv: ["a\0b"] },
        { ...good, argv: ["x", "y".repeat(2 ** 21)] },
        { ...good, env: { "A=B": "c" } },
        { ...good, env: { A: "b\0c" } },
        { ...good, probeKey: new Uint8Array(31) },
        { ...good, deadlineSeconds: 0 },
        { ...good, deadlineSeconds: Number.NaN },
        { ...good, limits: { ...good.limits, memoryBytes: -1 } },
        { ...good, limits: { ...good.limits, cpus: Number.POSITIVE_INFINITY } },
      ];
      for (const spec of bad) await assert.rejects(runtime.create(spec), rejectsWith("bad-request"));
      assert.deepEqual(await runtime.list(), []);
      await withSandbox(bench, ["sleep 60"], async (handle) => {
        await assert.rejects(
          runtime.create(specOf(bench, ["true"])),
          rejectsWith("sandbox-failed"),
          "the slot is taken",
        );
        await assert.rejects(
          runtime.create(specOf(bench, ["true"], { id: handle.id, slot: bench.slots[1] ?? "" })),
          rejectsWith("sandbox-failed"),
          "the id is taken",
        );
        assert.equal((await run(bench, ["echo beside"], { slot: bench.slots[1] ?? "" })).stdout, "beside\n");
      });
    },
  },
];
