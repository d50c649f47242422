export interface Frame {
  id: string;
  event: string;
  data: string;
}

/**
 * A parser of Server-Sent Events: feed it text as it comes. A frame that is cut off before its blank line is
 * never handed out. Linear, also in one long line that comes in many parts.
 */
export function sseParser(onFrame: (frame: Frame) => void, onRetry: (ms: number) => void): (text: string) => void {
  let parts: string[] = [];
  let afterReturn = false;
  let id = "";
  let event = "";
  let data: string[] = [];

  function takeField(name: string, value: string): void {
    if (name === "data") data.push(value);
    else if (name === "event") event = value;
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^\d{1,9}$/.test(value)) onRetry(Number(value));
  }

  function takeLine(line: string): void {
    if (line) {
      const colon = line.indexOf(":");
      if (colon < 0) takeField(line, "");
      else takeField(line.slice(0, colon), line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1));
      return;
    }
    const frame = { id, event: event || "message", data: data.join("\n") };
    const full = data.length > 0;
    event = "";
    data = [];
    if (full) onFrame(frame);
  }

  return (text) => {
    if (!text) return;
    let start = afterReturn && text[0] === "\n" ? 1 : 0;
    afterReturn = text.endsWith("\r");
    const lineEnd = /\r\n|\r|\n/g;
    lineEnd.lastIndex = start;
    for (let found = lineEnd.exec(text); found; found = lineEnd.exec(text)) {
      parts.push(text.slice(start, found.index));
      start = lineEnd.lastIndex;
      const line = parts.join("");
      parts = [];
      takeLine(line);
    }
    if (start < text.length) parts.push(text.slice(start));
  };
}
