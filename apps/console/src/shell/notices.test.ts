import { beforeEach, describe, expect, it } from "vitest";
import { dismiss, notices, notify } from "./notices.ts";

describe("notices", () => {
  beforeEach(() => notices.set({ all: [], shown: [] }));

  it("can be read again after they have left the corner", () => {
    const id = notify({ tone: "done", text: "Saved" });
    dismiss(id);
    expect(notices.get().shown).toEqual([]);
    expect(notices.get().all.map((n) => n.text)).toEqual(["Saved"]);
  });

  it("crowd neither the corner nor the memory", () => {
    for (let i = 0; i < 250; i++) notify({ tone: "info", text: String(i) });
    expect(notices.get().shown).toHaveLength(3);
    expect(notices.get().all).toHaveLength(100);
    expect(notices.get().all[0]?.text).toBe("249");
  });
});
