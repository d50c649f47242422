// The Durable Streams client, reading runs of the service to their ends.
import { readFileSync } from "node:fs";
import { packaged } from "./client.mjs";

const { stream } = await packaged("@durable-streams/client");
const given = JSON.parse(readFileSync(0, "utf8"));

// The client reports a cut twice: by the promise of its end, and by one that nobody can catch.
process.on("unhandledRejection", () => {});

async function read({ url, live = true, again = false }) {
  const items = [];
  let offset = "-1";
  for (;;) {
    const reply = await stream({ url, offset, live, json: true });
    try {
      await new Promise((resolve, reject) => {
        reply.subscribeJson((batch) => {
          items.push(...batch.items);
          offset = batch.offset;
          if (batch.streamClosed) resolve();
        });
        reply.closed.catch(reject);
      });
      return { items, offset: reply.offset, isClosed: reply.streamClosed };
    } catch (error) {
      if (!again) throw error; // it doesn't mend a cut by itself
    }
  }
}

const found = await Promise.all(given.reads.map(read));
process.stdout.write(JSON.stringify(found), () => process.exit(0));
