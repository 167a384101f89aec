/** Views of one figure: `names` gives the text of each of `views`, `view` is the signal of the open one. */
export function Tabs({ views, names, view }) {
  if (views.length < 2) return null;
  const go = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (views.indexOf(view.value) + step + views.length) % views.length;
    view.value = views[next];
    event.currentTarget.children[next].focus();
  };
  return (
    <div class="al-tabs" role="tablist" aria-label="Views" onKeyDown={go} data-not-in-picture>
      {views.map((one) => (
        <button
          type="button"
          role="tab"
          aria-selected={view.value === one}
          tabIndex={view.value === one ? 0 : -1}
          onClick={() => (view.value = one)}
        >
          {names[one]}
        </button>
      ))}
    </div>
  );
}
