// The Durable Streams client, reading runs of the service to their ends.
import { readFileSync } from "node:fs";
import { packaged } from "./client.mjs";

const { stream } = await packaged("@durable-streams/client");
const given = JSON.parse(readFileSync(0, "utf8"));

async function read({ url, live = true }) {
  const reply = await stream({ url, offset: "-1", live, json: true });
  const items = [];
  await new Promise((resolve, reject) => {
    reply.subscribeJson((batch) => {
      items.push(...batch.items);
      if (batch.streamClosed) resolve();
    });
    reply.closed.catch(reject);
  });
  return { items, offset: reply.offset, isClosed: reply.streamClosed };
}

const found = await Promise.all(given.reads.map(read));
process.stdout.write(JSON.stringify(found), () => process.exit(0));
