/** A checkbox with its label. */
export function Switch({ label, on, onChange }) {
  return (
    <label class="al-switch">
      <input
        type="checkbox"
        checked={on}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}
