import { defineScreen } from "../../app/screen.ts";

/** First steps: a checklist that does the real thing. */
export default defineScreen({
  path: "/start",
  title: { en: "First steps", ko: "시작하기" },
  nav: { role: "client", order: 5, icon: "M2.5 4.5l1.5 1.5 2.5-3M2.5 10.5l1.5 1.5 2.5-3M9 5h4.5M9 11h4.5" },
  goKey: "f",
});
