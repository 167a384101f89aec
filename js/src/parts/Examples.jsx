import { Choice } from "./Choice.jsx";

/** A menu of the book's examples. While another is shown it says "your own", which cannot be chosen. */
export function Examples({ value, choices, ...rest }) {
  const known = Object.hasOwn(choices, value);
  return (
    <Choice
      {...rest}
      value={known ? value : ""}
      choices={known ? choices : { ...choices, "": "your own" }}
    />
  );
}
