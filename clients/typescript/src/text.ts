import { Retracted } from "./errors.ts";
import type { Message } from "./messages.ts";
import { reduce, initial, type State } from "./state.ts";

/**
 * A story's messages as text in reading order: a section is told when those before it are complete. `whole`: the
 * messages begin with the run's first, so that the pieces together are `story_content`.
 */
export async function* textPieces(messages: AsyncIterable<Message>, whole: boolean): AsyncGenerator<string> {
  let state: State = initial;
  let told = "";
  let at = 0; // the place, among the sections, of the one being told
  let length = 0; // of its text, told already
  let begun = false;
  for await (const message of messages) {
    if (message.type === "retract" && message.data.piece == null) {
      const place = state.sections.findIndex((section) => section.index === message.data.section);
      if (place >= 0 && (place < at || (place === at && length > 0))) throw new Retracted(message.data.section, runOf(message));
    }
    state = reduce(state, message);
    if (message.type === "error") throw state.error!;
    if (message.type === "complete" && whole) {
      if (!message.data.story_content.startsWith(told)) throw new Retracted(state.sections[at]?.index ?? 0, runOf(message));
      if (message.data.story_content.length > told.length) yield message.data.story_content.slice(told.length);
      return;
    }
    let piece = "";
    for (let section = state.sections[at]; section; section = state.sections[at]) {
      if (!begun && (section.text || section.complete)) {
        begun = true;
        if (at > 0) piece += "\n\n";
      }
      piece += section.text.slice(length);
      length = section.text.length;
      if (!section.complete) break;
      at++;
      length = 0;
      begun = false;
    }
    told += piece;
    if (piece) yield piece;
  }
}

function runOf(message: Message): string {
  return message.id.slice(0, message.id.lastIndexOf(":"));
}
