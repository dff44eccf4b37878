import { defineScreen } from "../../app/screen.ts";

/** How the console looks and speaks, and the keys that programs use. */
export default defineScreen({
  path: "/settings",
  title: { en: "Settings", ko: "설정" },
  nav: {
    role: "all",
    order: 990,
    icon: "M8 5.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8zM8 1.8l.6 1.9 1.9-.4 1 1.7 1.9.6-.6 1.9.9 1.5-1.4 1.4.1 2-1.9.2-1.1 1.6-1.8-.8-1.8.8-1.1-1.6-1.9-.2.1-2L1.5 9l.9-1.5L1.8 5.6l1.9-.6 1-1.7 1.9.4z",
    phone: true,
  },
  goKey: "s",
});
