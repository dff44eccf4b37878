import { defineScreen } from "../../app/screen.ts";

export default defineScreen({
  path: "/_gallery/values",
  title: { en: "Values", ko: "값 모음" },
});
