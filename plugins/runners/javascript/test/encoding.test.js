// UTF-8 as the runner does it, against Node.js's own.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./support.js";
import { TextDecoder as Decoder, TextEncoder as Encoder, decoded, encoded, whole } from "../src/encoding.js";

const TEXTS = ["", "plain", "größe", "日本語", "😀 and more", "a\u0000b", "x".repeat(10_000) + "é"];

test("texts become the bytes that they should, and come back", () => {
  for (const text of TEXTS) {
    assert.deepEqual([...encoded(text)], [...new TextEncoder().encode(text)], text.slice(0, 20));
    assert.equal(decoded(encoded(text)), text);
  }
  assert.equal(whole("a\ud800b"), "a\ufffdb");
  assert.deepEqual([...new Encoder().encode("\ud800")], [...new TextEncoder().encode("\ud800")]);
});

test("bytes that are no UTF-8 become replacement characters, or an error", () => {
  for (const bytes of [
    [0xff],
    [0x61, 0xc3],
    [0xc3, 0x28],
    [0xe2, 0x82, 0x28, 0x62],
    [0xed, 0xa0, 0x80],
    [0xf5, 0x80],
    [0xc0, 0xaf],
    [0xf0, 0x80, 0x80, 0x80],
  ]) {
    const text = decoded(Uint8Array.from(bytes));
    assert.ok(text.includes("\ufffd"), `${bytes}`);
    assert.equal(
      text.replace(/\ufffd+/g, ""),
      new TextDecoder().decode(Uint8Array.from(bytes)).replace(/\ufffd+/g, ""),
      `${bytes}`,
    );
    assert.throws(() => decoded(Uint8Array.from(bytes), true), TypeError);
  }
});

test("characters that are cut between two parts come out whole", () => {
  for (const text of TEXTS) {
    const bytes = new TextEncoder().encode(text.slice(0, 50));
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const decoder = new Decoder();
      assert.equal(
        decoder.decode(bytes.slice(0, cut), { stream: true }) + decoder.decode(bytes.slice(cut)),
        text.slice(0, 50),
      );
    }
  }
  assert.throws(() => new Decoder("utf-16"), RangeError);
});
