// A matplotlib plot: an inline SVG made in Python, which follows the page's colours.
import { useEffect, useRef } from "preact/hooks";

export function Plot({ model }) {
  const root = useRef(null);
  useEffect(() => {
    root.current.dataset.ready = "true";
  }, []);
  return (
    <div
      ref={root}
      class="al-plot"
      data-attnlib-figure="Plot"
      dangerouslySetInnerHTML={{ __html: model.get("svg") }}
    />
  );
}
