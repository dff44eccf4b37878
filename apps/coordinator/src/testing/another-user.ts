import { Worker } from "node:worker_threads";

/** Somebody who goes on working while a test does its worst, in a thread of his own so that only the server delays him. */
export class AnotherUser {
  readonly #worker: Worker;
  #waits: number[] = [];
  #failures: string[] = [];

  constructor(url: string, token: string, everyMs = 20) {
    this.#worker = new Worker(new URL("./another-user.worker.ts", import.meta.url), {
      workerData: { url, token, everyMs },
    });
    this.#worker.on("message", (said: number | string) => {
      if (typeof said === "number") this.#waits.push(said);
      else this.#failures.push(said);
    });
  }

  /** How long his requests took since the last call (ms, sorted), and what failed. */
  take(): { readonly waits: readonly number[]; readonly failures: readonly string[] } {
    const taken = { waits: this.#waits.sort((a, b) => a - b), failures: this.#failures };
    this.#waits = [];
    this.#failures = [];
    return taken;
  }

  async leave(): Promise<void> {
    await this.#worker.terminate();
  }
}
