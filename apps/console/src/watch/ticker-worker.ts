/** Sleeps on behalf of the page, which a browser lets tick only once a minute while it is hidden. */
interface Sleep {
  readonly id: number;
  readonly ms: number;
}

addEventListener("message", ({ data }: MessageEvent<Sleep>) => {
  setTimeout(() => postMessage(data.id), data.ms);
});
