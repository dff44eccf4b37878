import { defineScreen } from "../../app/screen.ts";

/** The market as a whole, for everybody to see. */
export default defineScreen({
  path: "/network",
  title: { en: "Network", ko: "네트워크" },
  nav: {
    role: "all",
    order: 900,
    icon: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM2.5 8h11M8 2.5c2 1.6 2.6 3.4 2.6 5.5S10 11.9 8 13.5C6 11.9 5.4 10.1 5.4 8S6 4.1 8 2.5z",
  },
  goKey: "n",
});
