// The figures of chapters 1 to 10, of the landing page and of the clinic.
import { Alignment } from "../figures/Alignment.jsx";
import { BreakIt } from "../figures/BreakIt.jsx";
import { ContextNudge } from "../figures/ContextNudge.jsx";
import { EmbeddingSpace } from "../figures/EmbeddingSpace.jsx";
import { Heads } from "../figures/Heads.jsx";
import { MaskLab } from "../figures/MaskLab.jsx";
import { OrderLab } from "../figures/OrderLab.jsx";
import { QueryKey } from "../figures/QueryKey.jsx";
import { SoftmaxLab } from "../figures/SoftmaxLab.jsx";
import { ValueMixer } from "../figures/ValueMixer.jsx";
import { begin } from "../main.js";

export const widget = begin({
  Alignment,
  BreakIt,
  ContextNudge,
  EmbeddingSpace,
  Heads,
  MaskLab,
  OrderLab,
  QueryKey,
  SoftmaxLab,
  ValueMixer,
});
