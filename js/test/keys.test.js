import assert from "node:assert/strict";
import { test } from "node:test";
import { runsCell, staysInside } from "../src/core/keys.js";

const MODIFIERS = { Ctrl: "ctrlKey", Cmd: "metaKey", Alt: "altKey", Shift: "shiftKey" };

/** A keydown such as "Ctrl Shift z" in what types text, or not. */
function pressed(keys, { types = false, defaultPrevented = false, graph = false } = {}) {
  const names = keys.split(" ");
  const key = names.pop().replace("Space", " ");
  const down = (name) => names.includes(name);
  const held = Object.entries(MODIFIERS).map(([name, field]) => [field, down(name)]);
  const target = { matches: () => types };
  const getModifierState = (name) => name === "AltGraph" && graph;
  return { key, target, defaultPrevented, getModifierState, ...Object.fromEntries(held) };
}

test("keys that a figure may mean end in it", () => {
  const own = "ArrowUp ArrowLeft x d A 0 9 Enter Space + - . Backspace Delete Home End PageUp";
  for (const key of own.split(" ")) assert.ok(staysInside(pressed(key)), key);
  for (const keys of ["Shift ArrowDown", "Shift M", "Ctrl z", "Ctrl Shift z", "Cmd c", "Ctrl a"])
    assert.ok(staysInside(pressed(keys)), keys);
  for (const keys of ["Ctrl Backspace", "Ctrl Shift ArrowUp", "Ctrl Home"])
    assert.ok(staysInside(pressed(keys)), keys); // they merge and move cells
});

test("what commands the page goes on to it", () => {
  const pages = ["Tab", "Shift Tab", "Escape", "F5", "Ctrl s", "Cmd s", "Ctrl Shift c", "Alt b"];
  for (const keys of pages) assert.ok(!staysInside(pressed(keys)), keys);
  for (const keys of ["Shift Enter", "Ctrl Enter", "Alt Enter", "Cmd Enter"]) {
    assert.ok(runsCell(pressed(keys)), keys);
    assert.ok(!staysInside(pressed(keys)), keys);
  }
  assert.ok(!runsCell(pressed("Enter")) && !runsCell(pressed("Shift x")));
});

test("where text is typed, characters stay, by whatever keys", () => {
  for (const keys of ["x", "Shift Enter", "Alt l", "Ctrl ArrowLeft", "Ctrl v"])
    assert.ok(staysInside(pressed(keys, { types: true })), keys);
  assert.ok(staysInside(pressed("Ctrl Alt @", { types: true, graph: true })));
  assert.ok(!staysInside(pressed("Ctrl s", { types: true })));
});

test("an Escape that the figure has used ends in it", () => {
  assert.ok(staysInside(pressed("Escape", { defaultPrevented: true })));
});
