// What the model on show can do, on texts it was not trained on.
import { number } from "../../core/format.js";
import { EXAM } from "../../core/training/index.js";

export function Readout({ g }) {
  const exam = g.exam.value;
  if (!exam) return <p class="al-readout">Not examined yet: press Train.</p>;
  const silent = g.silent.value.map((at) => at.join(".")).join(", ");
  return (
    <p class="al-readout">
      On {EXAM.nTexts} new texts, step {exam.step}
      {silent && `, without ${silent}`}: loss <strong>{number(exam.loss)}</strong> (settled words{" "}
      <strong>{number(exam.settledLoss)}</strong>), copying <strong>{number(exam.copying)}</strong>,
      sense <strong>{number(exam.sense)}</strong>
    </p>
  );
}
