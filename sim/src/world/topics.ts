interface Listener {
  readonly hear: (topic: string) => void;
  readonly again: () => void;
}

/** Notifications between processes of a coordinator. While the line is down they are lost; then everybody is told so. */
export class Topics {
  readonly #listeners = new Set<Listener>();
  #down = false;

  listen(hear: Listener["hear"], again: Listener["again"]): () => void {
    const listener = { hear, again };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(topic: string): void {
    if (this.#down) return;
    for (const listener of [...this.#listeners]) listener.hear(topic);
  }

  set down(down: boolean) {
    const back = this.#down && !down;
    this.#down = down;
    if (back) for (const listener of [...this.#listeners]) listener.again();
  }
}
