import type { OfferView } from "@corepool/protocol/resources";
import { describe, expect, it } from "vitest";
import { filterOffers, gpuModel, gpuModels } from "./filter.ts";

const GP = `0x${"11".repeat(20)}`;
const USDC = `0x${"22".repeat(20)}`;
const tokens = { [GP]: { symbol: "GP", decimals: 18 }, [USDC]: { symbol: "USDC", decimals: 6 } };

interface Wish {
  readonly cpus?: number;
  readonly gib?: number;
  readonly gpus?: readonly string[];
  readonly rate?: bigint;
  readonly token?: string;
  readonly online?: boolean;
  readonly busy?: boolean;
}
const offer = (wish: Wish): OfferView =>
  ({
    id: "ofr_0000000000",
    online: wish.online ?? true,
    busy: wish.busy ?? false,
    signed: {
      spec: {
        resources: {
          cpus: wish.cpus ?? 1,
          memoryBytes: (wish.gib ?? 1) * 2 ** 30,
          diskBytes: 0,
          gpus: (wish.gpus ?? []).map((model, i) => ({ id: String(i), model, memoryBytes: 0 })),
        },
      },
      offer: { rate: String(wish.rate ?? 1n), token: wish.token ?? GP },
    },
  }) as unknown as OfferView;
const kept = (filter: Parameters<typeof filterOffers>[1], ...offers: readonly OfferView[]) =>
  filterOffers(offers, filter, (address) => tokens[address]).length;

describe("the market's filters", () => {
  it("show what could be taken now, unless all is asked for", () => {
    const offers = [offer({}), offer({ online: false }), offer({ busy: true })];
    expect(kept({}, ...offers)).toBe(1);
    expect(kept({ free: "all" }, ...offers)).toBe(3);
  });

  it("ask for at least so much", () => {
    const offers = [offer({ cpus: 1, gib: 2 }), offer({ cpus: 8, gib: 1 })];
    expect([
      kept({ cpus: 8 }, ...offers),
      kept({ memory: 2 }, ...offers),
      kept({ cpus: 8, memory: 2 }, ...offers),
    ]).toEqual([1, 1, 0]);
  });

  it("compare prices exactly, in the token of each offer", () => {
    const oneAnHour = 10n ** 18n / 3_600n;
    expect(kept({ max: "1" }, offer({ rate: oneAnHour }))).toBe(1);
    expect(kept({ max: "1" }, offer({ rate: oneAnHour + 1n }))).toBe(0);
    expect(kept({ max: "0.0036001" }, offer({ rate: 1n, token: USDC }))).toBe(1);
    expect(kept({ max: "0.0035" }, offer({ rate: 1n, token: USDC }))).toBe(0);
    expect(kept({ max: "999" }, offer({ token: `0x${"33".repeat(20)}` }))).toBe(0);
  });

  it("know GPUs by the model that people call them", () => {
    const h100 = offer({ gpus: ["NVIDIA H100 80GB HBM3"] });
    const rtx = offer({ gpus: ["NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 4090"] });
    const cpu = offer({});
    expect([h100, rtx, cpu].map(gpuModel)).toEqual(["H100 80GB HBM3", "RTX 4090", undefined]);
    expect(gpuModels([cpu, rtx, h100, rtx])).toEqual(["RTX 4090", "H100 80GB HBM3"]);
    expect([kept({ gpu: "RTX 4090" }, h100, rtx, cpu), kept({ gpu: "none" }, h100, rtx, cpu)]).toEqual([1, 1]);
  });
});
