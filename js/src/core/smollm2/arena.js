// One memory for the weights and for what is computed from them: a kernel reaches no other.

const PAGE = 65536; // bytes, the unit of WebAssembly's memory
const ALIGNED = 16; // bytes

/** Room for `bytes`, in WebAssembly's memory if `isShared` with a kernel. It is given out from the start. */
export class Arena {
  constructor(bytes, isShared) {
    const pages = Math.ceil(bytes / PAGE);
    this.memory = isShared ? new WebAssembly.Memory({ initial: pages, maximum: pages }) : null;
    this.buffer = this.memory?.buffer ?? new ArrayBuffer(pages * PAGE);
    this.bytes = new Uint8Array(this.buffer);
    this.taken = 0;
  }
  take(bytes) {
    const at = this.taken;
    this.taken += Math.ceil(bytes / ALIGNED) * ALIGNED;
    return at;
  }
  /** `length` numbers, and where they are. */
  floats(length) {
    const at = this.take(4 * length);
    return { at, data: new Float32Array(this.buffer, at, length) };
  }
}
