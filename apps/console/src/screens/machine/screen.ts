import { defineScreen } from "../../app/screen.ts";

/** One machine: what it is, how it isolates, what it offers and what it has served. */
export default defineScreen({
  path: "/provider/m/$id",
  title: { en: "Machine", ko: "머신" },
});
