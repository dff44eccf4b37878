import { everySeed } from "./testing/every-seed.ts";

everySeed(2, 2);
