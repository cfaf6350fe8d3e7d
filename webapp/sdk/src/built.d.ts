// Files that the build puts beside the source.
declare module '*?worker&url' {
  const url: string
  export default url
}
declare module '*/wasm_exec.js' {}
