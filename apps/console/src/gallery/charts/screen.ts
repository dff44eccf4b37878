import { defineScreen } from "../../app/screen.ts";

export default defineScreen({
  path: "/_gallery/charts",
  title: { en: "Chart kit", ko: "차트 모음" },
});
