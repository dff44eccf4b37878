import { defineScreen } from "../../app/screen.ts";

export default defineScreen({
  path: "/_gallery/form",
  title: { en: "Form kit", ko: "양식 모음" },
});
