// Builds the one script that serves both homes: notebooks (through anywidget) and built pages.
import { build } from "esbuild";

const outfile = process.argv[2] ?? "../attnlib/static/attnlib.js";

const COMMON = {
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
  charset: "utf8",
};

/** A module that is imported as text is bundled first: the source of a worker, which can load nothing. */
const workers = {
  name: "workers",
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path, with: attributes }) => {
      if (attributes.type !== "text") return null;
      const made = await build({ ...COMMON, entryPoints: [path], write: false });
      return { contents: made.outputFiles[0].text, loader: "text" };
    });
  },
};

await build({
  ...COMMON,
  entryPoints: ["src/main.js"],
  outfile,
  globalName: "attnlib",
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [workers],
  banner: { js: "/* Built from js/src by `make js`. Do not edit. */" },
});
