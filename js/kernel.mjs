// Builds the kernel of the model in the page: AssemblyScript to WebAssembly.
import asc from "assemblyscript/asc";

const NAME = "kernel.ts";
const FLAGS = ["-O3", "--converge", "--noAssert", "--runtime", "stub", "--importMemory"];

/** The bytes of the module that `source` (src/core/smollm2/kernel.ts) makes. */
export async function buildKernel(source) {
  const built = {};
  const { error, stderr } = await asc.main(
    [NAME, ...FLAGS, "--enable", "simd", "--outFile", "kernel.wasm"],
    {
      readFile: (name) => (name === NAME ? source : null),
      writeFile: (name, bytes) => (built[name] = bytes),
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr}`);
  return built["kernel.wasm"];
}
