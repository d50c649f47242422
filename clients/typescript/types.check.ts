// What front ends write, held to the declared types. It is compiled and never run.
import { type Complete, Retracted, RunFailed, Storywire } from "./src/index.ts";
import { StorywireChatTransport } from "./src/ai.ts";
import { useStory } from "./src/react.ts";

const storywire = new Storywire({ token: async () => "t", reconnect: { attempts: 5 } });
const story = storywire.start("stories", { child_id: "c", theme: "space" }, { idempotencyKey: "k", budget_usd: 0.5 });
for await (const m of story) if (m.type === "content") console.log(m.data.chunk.length);
try {
  const end: Complete = await story.finished();
  console.log(end.sha256);
} catch (error) {
  if (error instanceof RunFailed && error.resumable) await storywire.runs.resume(await story.id);
}
try {
  for await (const piece of story.text()) console.log(piece);
} catch (error) {
  if (error instanceof Retracted) console.log(error.section);
}
for await (const run of storywire.runs.list({ status: "failed" })) console.log(run.run_id);
storywire.follow("01", { after: "01:17" }).on("retract", (m) => console.log(m.data.reason));
const s = useStory("01");
void s.cancel();
console.log(s.sections[0]?.text);
new StorywireChatTransport({ format: "stories" });
// A format of another package takes any object; a format of the service takes its own input.
storywire.start("limericks", { rhyme: "moon" });
// @ts-expect-error: a podcast has a topic
storywire.start("podcast", { theme: 7 });
// @ts-expect-error: a story is awaited by `finished`, and isn't a promise
story.then;
