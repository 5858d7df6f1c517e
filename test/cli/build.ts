import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Translates src to JavaScript that this Node can run, without checking types, so it takes seconds and not ten; what `npm run
 * build` has made of a file as it is now is copied, which takes none. Below node_modules, where it finds the dependencies.
 */
export function buildCli(): { readonly main: string; remove(): void } {
  const folder = join(root, 'node_modules', '.cache', `ropc-cli-test-${process.pid}`)
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  // File by file, TypeScript does not see the package.json that makes NodeNext mean ES modules.
  const compilerOptions = { ...options, module: ts.ModuleKind.ESNext, declaration: false }
  for (const file of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue
    const fileName = join(root, 'src', file)
    const script = file.replace(/\.ts$/, '.js')
    const target = join(folder, script)
    mkdirSync(dirname(target), { recursive: true })
    const built = join(root, 'dist', script)
    if (modifiedAt(built) > modifiedAt(fileName)) {
      copyFileSync(built, target)
    } else {
      const text = readFileSync(fileName, 'utf8')
      writeFileSync(target, ts.transpileModule(text, { fileName, compilerOptions }).outputText)
    }
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return { main: join(folder, 'cli', 'main.js'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function modifiedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
