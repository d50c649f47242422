// The AI SDK's own chat, reading the service's UI message stream: told frames, or a live service.
import { readFileSync } from "node:fs";
import { packaged } from "./client.mjs";
import { chatState } from "./scripted.mjs";

const given = JSON.parse(readFileSync(0, "utf8"));
const ai = await packaged(given.package ?? "ai"); // of version 7, or ai5, ai6

function chatOver(transport) {
  class Chat extends ai.AbstractChat {
    constructor() {
      super({ id: given.chat ?? "c1", transport, state: chatState() });
    }
  }
  return new Chat();
}

function report(chat) {
  const message = chat.messages.findLast(({ role }) => role === "assistant");
  const sections = {};
  const data = {};
  for (const part of message?.parts ?? []) {
    if (part.type === "text" && part.text) sections[part.providerMetadata.storywire.section] = part.text;
    if (part.type.startsWith("data-")) data[part.type.slice(5)] = part.data;
  }
  const order = (message?.parts ?? []).filter((part) => part.type === "text").map((part) => part.providerMetadata.storywire.section);
  const sources = (message?.parts ?? []).filter((part) => part.type === "source-url").map(({ url }) => url);
  return { status: chat.status, error: chat.error?.message ?? null, sections, order, data, sources, metadata: message?.metadata ?? null };
}

/** Each of the streams, as a transport's reply. */
async function readTold() {
  const results = [];
  for (const body of given.streams) {
    const fetch = async () => new Response(body, { headers: { "content-type": "text/event-stream" } });
    const chat = chatOver(new ai.DefaultChatTransport({ api: "http://x/chat", fetch }));
    await chat.sendMessage({ text: "owls" });
    results.push(report(chat));
  }
  return results;
}

async function readLive() {
  const headers = given.version ? { "X-AI-SDK-Version": given.version } : {};
  const chat = chatOver(new ai.DefaultChatTransport({ api: given.url, headers, body: given.body ?? {} }));
  const resume = () => {
    // Version 5 appends what it is sent to the message that it has.
    if (given.package === "ai5") chat.messages = chat.messages.filter(({ role }) => role === "user");
    return chat.resumeStream();
  };
  if (given.resume) await resume();
  else await chat.sendMessage({ text: given.text, messageId: undefined });
  while (given.again) {
    const told = report(chat);
    if (told.metadata?.sha256) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await resume();
    // Nothing there: the service had never heard of it.
    if (chat.status === "ready" && chat.messages.at(-1)?.role === "user") await chat.regenerate();
  }
  return report(chat);
}

const found = given.streams ? await readTold() : await readLive();
process.stdout.write(JSON.stringify(found), () => process.exit(0));
