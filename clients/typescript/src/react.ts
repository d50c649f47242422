import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { Storywire } from "./client.ts";
import { initial, type State } from "./state.ts";
import type { Story } from "./story.ts";

export interface UseStoryOptions {
  /** The service of a story given by its run id; the page's own origin by default. Keep it the same object. */
  client?: Storywire;
  /** Milliseconds between two renderings at least; a frame by default. */
  throttleMs?: number;
}

export interface StoryActions {
  /** Stops the run, for everyone. */
  cancel(): Promise<void>;
  /** Goes on with a run that failed or was cancelled. */
  resume(): Promise<void>;
  /** Answers what the run waits for with the outline as edited. */
  answer(outline: unknown): Promise<void>;
}

let sameOrigin: Storywire | undefined;
const stay = () => () => {};

/**
 * The state of a story, and what can be done with it. A story given by its run id is followed while the component is
 * there; one that is given as it is belongs to the caller, and isn't detached.
 */
export function useStory(source: Story | string | null, options: UseStoryOptions = {}): State & StoryActions {
  const { client, throttleMs } = options;
  const [followed, setFollowed] = useState<{ id: string; story: Story }>();

  useEffect(() => {
    if (typeof source !== "string") return;
    const story = (client ?? (sameOrigin ??= new Storywire())).follow(source);
    setFollowed({ id: source, story });
    return () => story.detach();
  }, [source, client]);

  const story = typeof source === "string" ? (followed?.id === source ? followed.story : null) : source;
  const state = useSyncExternalStore(
    useCallback((onChange: () => void) => (story ? story.subscribe(onChange, throttleMs) : stay()), [story, throttleMs]),
    () => story?.state() ?? initial,
    () => initial,
  );
  const actions = useMemo<StoryActions>(
    () => ({
      cancel: async () => story?.cancel(),
      resume: async () => story?.resume(),
      answer: async (outline) => story?.answer(outline),
    }),
    [story],
  );
  return useMemo(() => ({ ...state, ...actions }), [state, actions]);
}
