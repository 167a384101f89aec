// A figure's state: signals in step with the model, links that open it, and the way back.
import { batch } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { bind } from "../core/model.js";
import { fromLink } from "../core/link.js";

/**
 * `names`: the traits that make up the state; `sent`: others that may change, which no link holds.
 * `derive(signals, put)` builds the graph on them, once. `read(raw, start, graph)` turns what a link holds into a
 * state, or throws with what is wrong with it.
 */
export function useFigureState({ model, voice, names, sent = [], derive, read }) {
  const made = useMemo(() => {
    const { signals: s, start, dispose } = bind(model, [...names, ...sent]);
    // All at once: nothing may be drawn, or judged, of a state that is half the old one.
    const put = (state) =>
      batch(() => {
        for (const [name, value] of Object.entries(state)) s[name].value = value;
      });
    return {
      s,
      start,
      put,
      dispose,
      g: derive(s, put),
      linkState: () => Object.fromEntries(names.map((name) => [name, s[name].value])),
      reset: () => {
        put(start);
        voice.tell("Back at the start.");
      },
    };
  }, []);
  useEffect(() => {
    const open = () => {
      try {
        const raw = fromLink(location.hash, model.get("key"));
        if (!raw) return;
        made.put(read(raw, made.start, made.g));
        voice.tell("This is the state that the link holds. Reset leads back to the start.");
      } catch (error) {
        voice.tell(
          `The link's state could not be read: ${error.message}. This is the start.`,
          true,
        );
      }
    };
    open();
    addEventListener("hashchange", open);
    return () => {
      removeEventListener("hashchange", open);
      made.dispose();
    };
  }, []);
  return made;
}
