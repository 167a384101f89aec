/** A checkbox with its label; `name`, which holds the label, where the label alone is that of others too. */
export function Switch({ label, name, on, onChange }) {
  return (
    <label class="al-switch">
      <input
        type="checkbox"
        aria-label={name}
        checked={on}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}
