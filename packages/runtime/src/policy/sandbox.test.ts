import { expect, test } from "vitest";
import { bubblewrapArguments } from "./sandbox.ts";

const policy = {
  etc: "/state/etc",
  etcFromHost: ["/etc/alternatives"],
  workspace: "/slots/0",
  inputs: [{ path: "data.csv", hostFile: "/blobs/ab" }],
  init: "/init",
  id: "att_1",
  tmpBytes: 1000,
  sharedMemoryBytes: 2000,
  network: "none" as const,
};

test("a sandbox writes nowhere but to its workspace and bounded memory", () => {
  const args = bubblewrapArguments(policy);
  const writable = args.flatMap((word, i) => (word === "--bind" || word === "--dev-bind" ? [args[i + 2]] : []));
  expect(writable).toEqual(["/work"]);
  const tmpfs = args.flatMap((word, i) => (word === "--tmpfs" ? [[args[i + 1], args[i - 2], args[i - 1]]] : []));
  expect(tmpfs).toEqual([
    ["/dev/shm", "--size", "2000"],
    ["/tmp", "--size", "1000"],
  ]);
  expect(args.join(" ")).toContain("--remount-ro / --chdir /work -- /run/corepool-init serve att_1");
});

test("a sandbox has every namespace of its own, no capability, no terminal, and dies with nobody", () => {
  const args = bubblewrapArguments(policy);
  for (const flag of [
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--new-session",
    "--clearenv",
    "--as-pid-1",
  ])
    expect(args).toContain(flag);
  expect(args.join(" ")).toContain("--cap-drop ALL");
  for (const flag of ["--share-net", "--die-with-parent", "--cap-add", "--setenv"]) expect(args).not.toContain(flag);
});

test("inputs are bound after the workspace that they lie in", () => {
  const args = bubblewrapArguments(policy).join(" ");
  expect(args.indexOf("--ro-bind /blobs/ab /work/data.csv")).toBeGreaterThan(args.indexOf("--bind /slots/0 /work"));
});
