import * as assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as ts from 'typescript';

const ROOT = join(__dirname, '..', '..');

test('the program of the README compiles', () => {
  const blocks = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```ts cdk\n(.*?)^```$/gms)];
  assert.equal(blocks.length, 1);
  const file = join(ROOT, 'test', 'of-the-readme.ts');
  writeFileSync(file, String(blocks[0]?.[1]).replace("'token-introspection-cdk'", "'../lib'"));
  try {
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent({ ...config, files: [file], include: [] }, ts.sys, ROOT);
    const program = ts.createProgram([file], { ...options, noEmit: true });
    const problems = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
    assert.deepEqual(problems, []);
  } finally {
    rmSync(file);
  }
});
