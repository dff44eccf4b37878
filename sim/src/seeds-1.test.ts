import { everySeed } from "./testing/every-seed.ts";

everySeed(1, 2);
