import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Translates src to JavaScript that this Node can run, without checking types, so it takes a second and not ten. Below
 * node_modules, where it finds the dependencies.
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
    const text = readFileSync(fileName, 'utf8')
    const { outputText } = ts.transpileModule(text, { fileName, compilerOptions })
    const target = join(folder, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, outputText)
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return { main: join(folder, 'cli', 'main.js'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}
