/** Choices that are what they are called. */
export const named = (names) => Object.fromEntries(names.map((name) => [name, name]));

/** A menu with its label; `choices` gives the text of each value. */
export function Choice({ label, value, choices, onChange }) {
  return (
    <label class="al-field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {Object.entries(choices).map(([name, text]) => (
          <option value={name}>{text}</option>
        ))}
      </select>
    </label>
  );
}
